/**
 * The model vocabulary: what every reader produces and the only thing analysis, rules, reports and attacks speak.
 * Nothing here knows a file format.
 */

/** Half-open interval of UTF-16 offsets into the source text. Absent for binary formats. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

export type ModelFormat = 'tfjs-code' | 'tfjs-json' | 'onnx' | 'onnx-text';

/** One dimension: a non-negative integer, or null where the source does not determine it. */
export type Dim = number | null;

/** A shape in the model's own layout, without the batch dimension; null where not even the rank is known. */
export type Shape = readonly Dim[] | null;

/** Where the channel axis of a feature map stands: `channelsLast` is [H, W, C], `channelsFirst` is [C, H, W]. */
export type DataFormat = 'channelsLast' | 'channelsFirst';

/** Output `output` of the layer with id `layer`. */
export interface Edge {
  readonly layer: number;
  readonly output: number;
}

/** Padding of the spatial axes. `same` is TensorFlow's rule (extra element after); `sameLower` is ONNX SAME_LOWER. */
export type Padding =
  | { readonly mode: 'explicit'; readonly before: readonly number[]; readonly after: readonly number[] }
  | { readonly mode: 'valid' }
  | { readonly mode: 'same' }
  | { readonly mode: 'sameLower' };

/**
 * Elementwise activation by its common lower-case name: `relu`, `leakyRelu`, `tanh`, `sigmoid`, `softplus`, `elu`,
 * `selu`, `gelu`, `silu`, `relu6`, `hardSigmoid`, `softsign`, `softmax`, `logSoftmax`, `prelu`, `linear`, …
 * A name the analysis does not know is kept as written and treated as not covered.
 */
export interface Activation {
  readonly name: string;
  /** Slope or scale parameter where the activation has one (leakyRelu, elu, thresholdedRelu …). */
  readonly alpha?: number;
  /** Second parameter where there is one (ONNX HardSigmoid beta …). */
  readonly beta?: number;
  /** Axis of softmax-like activations, counted without the batch axis; negative counts from the end. */
  readonly axis?: number;
}

export interface ConvOp {
  readonly kind: 'conv';
  /** Number of spatial axes: 1, 2 or 3. All arrays below have this length, in the order [D,] H, W. */
  readonly spatialRank: 1 | 2 | 3;
  readonly inChannels: Dim;
  readonly filters: Dim;
  readonly kernelSize: readonly Dim[];
  readonly strides: readonly Dim[];
  readonly dilations: readonly Dim[];
  readonly padding: Padding;
  /** Depthwise convolution: groups = inChannels. */
  readonly groups: Dim;
  readonly bias: boolean;
  readonly dataFormat: DataFormat;
}

export interface ConvTransposeOp extends Omit<ConvOp, 'kind'> {
  readonly kind: 'convTranspose';
  readonly outputPadding: readonly Dim[];
}

/** Depthwise followed by pointwise convolution, as one layer with two kernels. */
export interface SeparableConvOp extends Omit<ConvOp, 'kind' | 'groups'> {
  readonly kind: 'separableConv';
  readonly depthMultiplier: Dim;
}

export interface DenseOp {
  readonly kind: 'dense';
  /** Length of the last axis of the input. */
  readonly inFeatures: Dim;
  readonly units: Dim;
  readonly bias: boolean;
  /** The kernel is stored as [units, inFeatures] (ONNX Gemm with transB, as PyTorch exports it), not [inFeatures, units]. */
  readonly transposedKernel?: boolean;
  /** Factors of the product and of the bias (ONNX Gemm); 1 where absent. */
  readonly alpha?: number;
  readonly beta?: number;
}

export interface PoolOp {
  readonly kind: 'pool';
  readonly pool: 'max' | 'average' | 'lp';
  readonly spatialRank: 1 | 2 | 3;
  /** Global pooling takes the whole map; window, strides and padding are then empty. */
  readonly global: boolean;
  readonly window: readonly Dim[];
  readonly strides: readonly Dim[];
  readonly dilations: readonly Dim[];
  readonly padding: Padding;
  readonly ceilMode: boolean;
  readonly dataFormat: DataFormat;
  /** Average pooling divides by the whole window, padding included (ONNX count_include_pad). */
  readonly countIncludePad?: boolean;
  /** Exponent of lp pooling. */
  readonly p?: number;
}

export interface NormOp {
  readonly kind: 'norm';
  readonly norm: 'batch' | 'layer' | 'group' | 'instance' | 'lrn' | 'rms';
  /** Normalised (layer) or channel (batch) axes, without the batch axis; negative counts from the end. */
  readonly axes: readonly number[];
  readonly epsilon: number;
  readonly groups?: number;
  /** Batch normalisation by the statistics of the batch itself instead of the stored ones. */
  readonly batchStatistics?: boolean;
  /** lrn: x / (bias + alpha/size · Σ x²)^beta over `size` neighbouring channels (ONNX LRN). */
  readonly lrn?: { readonly size: number; readonly alpha: number; readonly beta: number; readonly bias: number };
}

export interface MergeOp {
  readonly kind: 'merge';
  readonly merge:
    | 'add'
    | 'subtract'
    | 'multiply'
    | 'divide'
    | 'average'
    | 'maximum'
    | 'minimum'
    | 'concat'
    | 'dot'
    | 'matmul';
  /** Axis of concat, without the batch axis (so −1 is the last, −2 … ; null when it is the batch axis itself). */
  readonly axis?: Dim;
  /** dot: the axis of either factor that is summed over, without the batch axis; absent where it is not a plain sum of products. */
  readonly axes?: readonly [number, number];
}

/** Layers that only move or select entries. Their effect is told by the shapes and the fields present. */
export interface RearrangeOp {
  readonly kind: 'rearrange';
  readonly how:
    | 'flatten'
    | 'reshape'
    | 'permute'
    | 'squeeze'
    | 'unsqueeze'
    | 'slice'
    | 'pad'
    | 'crop'
    | 'upsample'
    | 'repeat'
    | 'gather'
    | 'split'
    | 'expand'
    | 'depthToSpace'
    | 'spaceToDepth'
    | 'reverse';
  /** permute: for every output axis the input axis it comes from, without the batch axis (0 = first non-batch). */
  readonly permutation?: readonly number[];
  /** pad/crop: elements added or removed before and after, per non-batch axis. */
  readonly before?: readonly Dim[];
  readonly after?: readonly Dim[];
  /** pad: what the new elements are filled with; `constant` where absent. */
  readonly padMode?: 'constant' | 'reflect' | 'edge' | 'wrap';
  /** pad with constants: their value, null where unknown; 0 where absent. */
  readonly padValue?: number | null;
  /** slice: step per non-batch axis, beginning at `before`. */
  readonly steps?: readonly Dim[];
  /** split, gather: the axis, without the batch axis. */
  readonly axis?: number;
  /**
   * gather: the positions along `axis` that come out, in their order, where the source holds them. The axis gives way to the
   * axes that the positions were listed in (none for a single one), which the output's shape tells.
   */
  readonly positions?: readonly number[];
}

export interface RecurrentOp {
  readonly kind: 'recurrent';
  readonly cell: 'simple' | 'lstm' | 'gru' | 'convLstm';
  readonly units: Dim;
  readonly bidirectional: boolean;
  readonly returnSequences: boolean;
  /** Of the simple cell's state, of GRU's candidate, of LSTM's candidate and inner state; tanh where absent. */
  readonly activation?: Activation;
  /** Of the gates; sigmoid where absent. */
  readonly recurrentActivation?: Activation;
  /** GRU: the reset gate is applied to the product with the recurrent kernel, not in front of it (ONNX linear_before_reset). */
  readonly resetAfter?: boolean;
  /**
   * Reads from the last step on (bidirectional: its first direction does); the states come out where their inputs stand
   * (`aligned`, ONNX), or in the order in which they were computed (`reversed`, TensorFlow.js).
   */
  readonly goBackwards?: 'aligned' | 'reversed';
  /** How the two directions' outputs are joined, null where they stay apart; concat where absent. */
  readonly mergeMode?: MergeMode | null;
  /** Entries of the input or the state are dropped at random in training. */
  readonly dropout?: boolean;
  /** The first state is stored with the model, and not known to be zero. */
  readonly initialState?: boolean;
}

export type MergeMode = 'concat' | 'sum' | 'ave' | 'mul';

export type Op =
  | { readonly kind: 'input' }
  | { readonly kind: 'constant' }
  /** Passes its input through unchanged at inference and in the gradient's support (Identity, Dropout at rate 0 …). */
  | { readonly kind: 'identity' }
  | { readonly kind: 'dropout'; readonly rate: number | null }
  | { readonly kind: 'activation'; readonly activation: Activation }
  | { readonly kind: 'embedding'; readonly vocabulary: Dim; readonly units: Dim }
  | { readonly kind: 'attention'; readonly heads: Dim; readonly units: Dim }
  | ConvOp
  | ConvTransposeOp
  | SeparableConvOp
  | DenseOp
  | PoolOp
  | NormOp
  | MergeOp
  | RearrangeOp
  | RecurrentOp
  /** Elementwise arithmetic with a constant, reductions, casts …: known to the reader, not a layer of its own kind. */
  | { readonly kind: 'elementwise'; readonly name: string }
  | { readonly kind: 'reduce'; readonly name: string; readonly axes: readonly number[]; readonly keepDims: boolean }
  /** Not understood: the reason is shown to the user and the verdict is `unknown`. */
  | { readonly kind: 'unknown'; readonly reason: string };

/** Values in the model's file, or in the file named by `location` (ONNX external data), which readers do not open. */
export interface StoredWeight {
  readonly kind: 'stored';
  readonly location?: string;
  /** The values themselves, few, where the reader computed them and no tensor of the file holds them; row-major. */
  readonly values?: readonly number[];
}

/** A weight tensor by reference: its values stay where they are until an attack asks for them. */
export interface WeightRef {
  /** `kernel`, `bias`, `gamma`, `beta`, `movingMean`, `movingVariance`, `depthwiseKernel`, `recurrentKernel`, … */
  readonly role: string;
  /** The name by which the source knows it (ONNX initializer, weightsManifest entry); '' if it has none. */
  readonly name: string;
  /** Shape in the source's own layout (ONNX conv [O, I/g, kh, kw], tfjs conv [kh, kw, I, O]). */
  readonly shape: readonly Dim[];
  readonly trainable: boolean;
  /** `stored`: values are in the model's file or beside it; `initializer`: drawn by the named tfjs initializer. */
  readonly source: StoredWeight | { readonly kind: 'initializer'; readonly initializer: string };
}

export interface Layer {
  /** Index in `ModelGraph.layers`. */
  readonly id: number;
  readonly name: string;
  /** The operator as the source names it: `conv2d`, `Conv`, `MaxPool`. */
  readonly type: string;
  readonly op: Op;
  readonly inputs: readonly Edge[];
  readonly inputShapes: readonly Shape[];
  readonly outputShapes: readonly Shape[];
  /** Activation fused into the layer, applied to its output. */
  readonly activation?: Activation;
  readonly weights: readonly WeightRef[];
  /** False where the source freezes the layer: its weights then contribute no gradient. */
  readonly trainable: boolean;
  /** Id of the first application of the same layer: both use one set of weights, whose gradient is the sum over all uses. */
  readonly sharedWith?: number;
  /** The name token of the layer call: where a squiggle goes. */
  readonly range?: Range;
  /** The whole call: where a hover answers. */
  readonly fullRange?: Range;
  /** Calls that make the layers wrapped in this one (`layer` of a wrapper, `cell` of an RNN), where they stand elsewhere. */
  readonly parts?: readonly Range[];
}

export interface ModelGraph {
  readonly name: string;
  readonly format: ModelFormat;
  /** The token that makes the model (`sequential` in `tf.sequential(…)`): where model-level findings go. */
  readonly range?: Range;
  readonly fullRange?: Range;
  /** In topological order: every edge points to a smaller id. */
  readonly layers: readonly Layer[];
  readonly inputs: readonly Edge[];
  readonly outputs: readonly Edge[];
  /** What the reader could not follow, in sentences; a graph with entries here is analysed as partial. */
  readonly gaps: readonly Gap[];
}

/** Something of the model that the reader could not follow, so that no construct is skipped in silence. */
export interface Gap {
  readonly reason: string;
  readonly range?: Range;
}
