import { readOnnx } from './onnx/read.ts';
import { readOnnxText } from './onnx-text/read.ts';
import type { Reader, SourceFile } from './reader.ts';
import { mentionsTensorflow } from './tfjs-code/mentions.ts';
import { readTfjsCode } from './tfjs-code/read.ts';
import { readTfjsJson } from './tfjs-json/read.ts';

/** Formats are told apart by the end of the file's name, so that a half-typed file keeps its reader. */
const readers: readonly { readonly name: RegExp; readonly read: Reader }[] = [
  { name: /\.onnx$/i, read: readOnnx },
  { name: /\.onnxte?xt$/i, read: readOnnxText },
  { name: /\.json$/i, read: readTfjsJson },
  { name: /\.([cm]?[jt]sx?|html?|vue|svelte)$/i, read: readTfjsCode },
];

/** Endings of file names that have a reader, without the dot. */
export const readableExtensions = [
  'onnx',
  'onnxtxt',
  'onnxtext',
  'json',
  'js',
  'mjs',
  'cjs',
  'jsx',
  'ts',
  'mts',
  'cts',
  'tsx',
] as const;

/** Endings of the binary formats: their files are given as bytes. */
export const binaryExtensions: readonly string[] = ['onnx'];

/** Model files and model code by their format's reader; a file of no known format is an error, never silence. */
export const readModels: Reader = (file: SourceFile, cancel) => {
  const reader = readers.find(candidate => candidate.name.test(file.path));
  if (reader) return reader.read(file, cancel);
  const message = `Leaklint reads ${readableExtensions.map(extension => `.${extension}`).join(', ')} files; this one is none of them.`;
  return { models: [], errors: [{ message }], comments: [] };
};

/**
 * Whether a file found by a search is worth reading: true for every model and for some files that are none.
 * Files that a user names are read whatever this says.
 */
export function looksLikeModel({ path, text }: SourceFile): boolean {
  if (text === undefined || /\.onnxte?xt$/i.test(path)) return true;
  return /\.json$/i.test(path)
    ? /"(modelTopology|model_config)"|"class_name"\s*:\s*"(Sequential|Model|Functional)"/.test(text)
    : mentionsTensorflow(text);
}
