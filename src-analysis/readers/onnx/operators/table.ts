import type { Operator } from '../context.ts';
import { activationOperators } from './activation.ts';
import { attentionOperators, flexAttentionOperator } from './attention.ts';
import { contribOperators } from './contrib.ts';
import { convTranspose } from './conv-transpose.ts';
import { conv } from './convolution.ts';
import { denseOperators } from './dense.ts';
import { detectionOperators } from './detection.ts';
import { einsum } from './einsum.ts';
import { elementwiseOperators } from './elementwise.ts';
import { indexingOperators } from './indexing.ts';
import { lossOperators } from './loss.ts';
import { mlOperators } from './ml.ts';
import { normalizationOperators } from './normalization.ts';
import { poolingOperators } from './pooling.ts';
import { quantizedOperators } from './quantized.ts';
import { randomOperators } from './random.ts';
import { recurrentOperators } from './recurrent.ts';
import { reduceOperators } from './reduce.ts';
import { reshapeOperators } from './reshape.ts';
import { resizeOperators } from './resize.ts';
import { selectionOperators } from './selection.ts';
import { sequenceOperators } from './sequence.ts';
import { dropout, shapeOperators } from './shape.ts';
import { signalOperators } from './signal.ts';
import { slicingOperators } from './slicing.ts';
import { textOperators } from './text.ts';

/** Operators of the standard domain that have a rule, by their ONNX name. */
export const operators: ReadonlyMap<string, Operator> = new Map(
  Object.entries({
    Conv: conv,
    ConvTranspose: convTranspose,
    Dropout: dropout,
    Einsum: einsum,
    SimplifiedLayerNormalization: normalizationOperators.RMSNormalization!,
    ...attentionOperators,
    ...detectionOperators,
    ...indexingOperators,
    ...lossOperators,
    ...quantizedOperators,
    ...randomOperators,
    ...sequenceOperators,
    ...signalOperators,
    ...textOperators,
    ...activationOperators,
    ...denseOperators,
    ...elementwiseOperators,
    ...normalizationOperators,
    ...poolingOperators,
    ...recurrentOperators,
    ...reduceOperators,
    ...reshapeOperators,
    ...resizeOperators,
    ...selectionOperators,
    ...shapeOperators,
    ...slicingOperators,
  }),
);

/** Operators by domain: of ONNX, of classical models, of ONNX Runtime. */
export const operatorsByDomain: ReadonlyMap<string, ReadonlyMap<string, Operator>> = new Map([
  ['', operators],
  ['ai.onnx.ml', new Map(Object.entries(mlOperators))],
  ['com.microsoft', new Map(Object.entries(contribOperators))],
  ['ai.onnx.preview', new Map([['FlexAttention', flexAttentionOperator]])],
]);

/** The rule of an operator; undefined where there is none. */
export function operatorOf(domain: string, opType: string): Operator | undefined {
  return operatorsByDomain.get(domain)?.get(opType);
}

/** The newest version of the standard operators whose changes these rules know. */
export const NEWEST_OPSET = 28;
