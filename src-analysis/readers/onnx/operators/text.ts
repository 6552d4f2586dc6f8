import {
  batchOf,
  intsAttribute,
  type NodeContext,
  type Operator,
  type OutputValue,
  requiredInput,
  sameAsInput,
  stringAttribute,
} from '../context.ts';
import { checkedDim } from '../dimension.ts';
import { broadcast, fixed, known, sameShape, withDims } from './known.ts';

/** StringNormalizer: how many strings stay depends on them. */
function normalized(context: NodeContext): readonly OutputValue[] {
  return [
    withDims(requiredInput(context, 0), shape => shape.map((dim, axis) => (axis === shape.length - 1 ? null : dim))),
  ];
}

/** StringSplit: the parts of every string, and their number. */
function split(context: NodeContext): readonly OutputValue[] {
  return [withDims(requiredInput(context, 0), shape => [...shape, null]), sameAsInput(context)];
}

/** TfIdfVectorizer: one entry for every n-gram. */
function vectorized(context: NodeContext): readonly OutputValue[] {
  const input = requiredInput(context, 0);
  const places = intsAttribute(context, 'ngram_indexes') ?? [];
  const length = places.reduce((largest, place) => Math.max(largest, place), -1) + 1;
  if (input.shape === null) return [{ shape: null, batch: batchOf(input) }];
  return [{ shape: [...input.shape.slice(0, -1), checkedDim(length)], batch: batchOf(input) }];
}

function decodedImage(context: NodeContext): readonly OutputValue[] {
  return [fixed([null, null, stringAttribute(context, 'pixel_format', 'RGB') === 'Grayscale' ? 1 : 3])];
}

/** Operators on strings and files, in front of the numbers that a model computes with. */
export const textOperators: Readonly<Record<string, Operator>> = {
  StringConcat: known('stringConcat', broadcast),
  StringNormalizer: known('stringNormalizer', normalized, [
    'case_change_action',
    'is_case_sensitive',
    'locale',
    'stopwords',
  ]),
  StringSplit: known('stringSplit', split, ['delimiter', 'maxsplit']),
  RegexFullMatch: known('regexFullMatch', sameShape, ['pattern']),
  TfIdfVectorizer: known('tfIdf', vectorized, [
    'max_gram_length',
    'max_skip_count',
    'min_gram_length',
    'mode',
    'ngram_counts',
    'ngram_indexes',
    'pool_int64s',
    'pool_strings',
    'weights',
  ]),
  ImageDecoder: known('imageDecoder', decodedImage, ['pixel_format']),
};
