import type { Activation, DenseOp, WeightRef } from '../../../model/graph.ts';
import {
  batchOf,
  floatsAttribute,
  intAttribute,
  intsAttribute,
  type NodeContext,
  type Operator,
  type OutputValue,
  requiredInput,
  stringAttribute,
} from '../context.ts';
import { checkedDim, type Dim, plainDim, plus, product } from '../dimension.ts';
import { fixed, known, sameShape, unknownOutput, withDims } from './known.ts';

/** Number of rows of a feature matrix; a single vector is one row. */
function rowsOf(context: NodeContext): OutputValue {
  const input = requiredInput(context, 0);
  const batch = batchOf(input);
  if (input.shape?.length === 1) return { shape: [1], batch: 'none' };
  return { shape: [input.shape?.[0] ?? null], batch: batch === 0 || batch === 'none' ? batch : 'lost' };
}

/** One row of `columns` entries for every row of the input. */
function table(context: NodeContext, columns: Dim): OutputValue {
  const rows = rowsOf(context);
  return { shape: [...(rows.shape ?? []), columns], batch: rows.batch };
}

/** Class labels of a classifier are strings or integers. */
function classCount({ node }: NodeContext, ...names: readonly string[]): Dim {
  for (const name of names) {
    const attribute = node.attributes.get(name);
    if ((attribute?.type === 'ints' || attribute?.type === 'strings') && attribute.value.length > 0) {
      return attribute.value.length;
    }
  }
  return null;
}

/** A label and the scores of all classes for every row. */
function classifier(...labels: readonly string[]) {
  return (context: NodeContext): readonly OutputValue[] => [
    rowsOf(context),
    table(context, classCount(context, ...labels)),
  ];
}

const postTransforms: Readonly<Record<string, Activation>> = {
  LOGISTIC: { name: 'sigmoid' },
  SOFTMAX: { name: 'softmax', axis: 0 },
};

/** A linear model: a dense layer whose weights are attributes of the node, which have no name. */
function linear(context: NodeContext, units: number | null, outputs: readonly OutputValue[]) {
  const coefficients = floatsAttribute(context, 'coefficients')?.length ?? 0;
  const bias = floatsAttribute(context, 'intercepts')?.length ?? 0;
  const inFeatures = plainDim(requiredInput(context, 0).shape?.at(-1) ?? null) ?? (units ? coefficients / units : null);
  const stored = (role: string, shape: readonly (number | null)[]): WeightRef => ({
    role,
    name: '',
    shape,
    trainable: true,
    source: { kind: 'stored' },
  });
  const op: DenseOp = { kind: 'dense', inFeatures, units, bias: bias > 0, transposedKernel: true };
  const kernel = stored('kernel', [units, inFeatures]);
  const activation = postTransforms[stringAttribute(context, 'post_transform', 'NONE')];
  return {
    op,
    outputs,
    weights: bias > 0 ? [kernel, stored('bias', [bias])] : [kernel],
    ...(activation ? { activation } : {}),
  };
}

/** LinearClassifier: two classes may share one row of coefficients, whose score is then given for both. */
const linearClassifier: Operator = {
  attributes: [
    'classlabels_ints',
    'classlabels_strings',
    'coefficients',
    'intercepts',
    'multi_class',
    'post_transform',
  ],
  infer: context => {
    const outputs = classifier('classlabels_ints', 'classlabels_strings')(context);
    const features = requiredInput(context, 0).shape?.at(-1);
    const coefficients = floatsAttribute(context, 'coefficients')?.length ?? 0;
    const rows = typeof features === 'number' && features > 0 ? coefficients / features : null;
    return linear(context, rows !== null && Number.isInteger(rows) ? rows : null, outputs);
  },
};

const linearRegressor: Operator = {
  attributes: ['coefficients', 'intercepts', 'post_transform', 'targets'],
  infer: context => {
    const targets = checkedDim(intAttribute(context, 'targets', 1));
    return linear(context, plainDim(targets), [table(context, targets)]);
  },
};

/** SVMClassifier: with probabilities one column a class, without them one for every pair of more than two. */
function svmClassifier(context: NodeContext): readonly OutputValue[] {
  const classes = classCount(context, 'classlabels_ints', 'classlabels_strings');
  const hasProbabilities = (floatsAttribute(context, 'prob_a')?.length ?? 0) > 0;
  return [rowsOf(context), table(context, hasProbabilities ? classes : null)];
}

/** OneHotEncoder: a new last axis of one entry for every category. */
function oneHot(context: NodeContext): readonly OutputValue[] {
  const count = classCount(context, 'cats_int64s', 'cats_strings');
  return [withDims(requiredInput(context, 0), shape => [...shape, count])];
}

/** ArrayFeatureExtractor: the named columns. */
function columns(context: NodeContext): readonly OutputValue[] {
  const input = requiredInput(context, 0);
  const chosen = requiredInput(context, 1).shape;
  if (input.shape === null) return [unknownOutput];
  const count = chosen && product(chosen);
  return input.shape.length === 1 ? [fixed([1, count])] : [withDims(input, shape => [...shape.slice(0, -1), count])];
}

/** FeatureVectorizer: the inputs side by side. */
function sideBySide(context: NodeContext): readonly OutputValue[] {
  const lengths = intsAttribute(context, 'inputdimensions');
  return [table(context, checkedDim(lengths?.reduce<Dim>(plus, 0) ?? null))];
}

function vocabulary(context: NodeContext): readonly OutputValue[] {
  return [fixed([1, classCount(context, 'int64_vocabulary', 'string_vocabulary')])];
}

const treeAttributes = [
  'aggregate_function',
  'base_values',
  'base_values_as_tensor',
  'nodes_falsenodeids',
  'nodes_featureids',
  'nodes_hitrates',
  'nodes_hitrates_as_tensor',
  'nodes_missing_value_tracks_true',
  'nodes_modes',
  'nodes_nodeids',
  'nodes_treeids',
  'nodes_truenodeids',
  'nodes_values',
  'nodes_values_as_tensor',
  'post_transform',
];

const svmAttributes = ['coefficients', 'kernel_params', 'kernel_type', 'post_transform', 'rho', 'support_vectors'];

function targets(context: NodeContext): readonly OutputValue[] {
  return [table(context, checkedDim(intAttribute(context, 'n_targets', 1)))];
}

/** Operators of the domain ai.onnx.ml, as scikit-learn's exporter writes them. */
export const mlOperators: Readonly<Record<string, Operator>> = {
  ArrayFeatureExtractor: known('arrayFeatureExtractor', columns),
  Binarizer: known('binarizer', sameShape, ['threshold']),
  CastMap: known('castMap', () => [fixed([1, null])], ['cast_to', 'map_form', 'max_map']),
  CategoryMapper: known('categoryMapper', sameShape, [
    'cats_int64s',
    'cats_strings',
    'default_int64',
    'default_string',
  ]),
  DictVectorizer: known('dictVectorizer', vocabulary, ['int64_vocabulary', 'string_vocabulary']),
  FeatureVectorizer: known('featureVectorizer', sideBySide, ['inputdimensions']),
  Imputer: known('imputer', sameShape, [
    'imputed_value_floats',
    'imputed_value_int64s',
    'replaced_value_float',
    'replaced_value_int64',
  ]),
  LabelEncoder: known('labelEncoder', sameShape, [
    'classes_strings',
    'default_float',
    'default_int64',
    'default_string',
    'default_tensor',
    'keys_floats',
    'keys_int64s',
    'keys_strings',
    'keys_tensor',
    'values_floats',
    'values_int64s',
    'values_strings',
    'values_tensor',
  ]),
  LinearClassifier: linearClassifier,
  LinearRegressor: linearRegressor,
  Normalizer: known('normalizer', sameShape, ['norm']),
  OneHotEncoder: known('oneHot', oneHot, ['cats_int64s', 'cats_strings', 'zeros']),
  SVMClassifier: known('supportVectorMachine', svmClassifier, [
    ...svmAttributes,
    'classlabels_ints',
    'classlabels_strings',
    'prob_a',
    'prob_b',
    'vectors_per_class',
  ]),
  SVMRegressor: known('supportVectorMachine', context => [table(context, 1)], [
    ...svmAttributes,
    'n_supports',
    'one_class',
  ]),
  Scaler: known('scaler', sameShape, ['offset', 'scale']),
  TreeEnsemble: known('treeEnsemble', targets, [
    'aggregate_function',
    'leaf_targetids',
    'leaf_weights',
    'membership_values',
    'n_targets',
    'nodes_falseleafs',
    'nodes_falsenodeids',
    'nodes_featureids',
    'nodes_hitrates',
    'nodes_missing_value_tracks_true',
    'nodes_modes',
    'nodes_splits',
    'nodes_trueleafs',
    'nodes_truenodeids',
    'post_transform',
    'tree_roots',
  ]),
  TreeEnsembleClassifier: known('treeEnsemble', classifier('classlabels_int64s', 'classlabels_strings'), [
    ...treeAttributes,
    'class_ids',
    'class_nodeids',
    'class_treeids',
    'class_weights',
    'class_weights_as_tensor',
    'classlabels_int64s',
    'classlabels_strings',
  ]),
  TreeEnsembleRegressor: known('treeEnsemble', targets, [
    ...treeAttributes,
    'n_targets',
    'target_ids',
    'target_nodeids',
    'target_treeids',
    'target_weights',
    'target_weights_as_tensor',
  ]),
  ZipMap: known('zipMap', () => [unknownOutput], ['classlabels_int64s', 'classlabels_strings']),
};
