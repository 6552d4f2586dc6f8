import type { Operator } from '../context.ts';
import { activationOperators } from './activation.ts';
import { convTranspose } from './conv-transpose.ts';
import { conv } from './convolution.ts';
import { denseOperators } from './dense.ts';
import { elementwiseOperators } from './elementwise.ts';
import { normalizationOperators } from './normalization.ts';
import { poolingOperators } from './pooling.ts';
import { recurrentOperators } from './recurrent.ts';
import { reduceOperators } from './reduce.ts';
import { reshapeOperators } from './reshape.ts';
import { resizeOperators } from './resize.ts';
import { selectionOperators } from './selection.ts';
import { dropout, shapeOperators } from './shape.ts';
import { slicingOperators } from './slicing.ts';

/** Operators of the standard domain that have a rule, by their ONNX name. */
export const operators: ReadonlyMap<string, Operator> = new Map(
  Object.entries({
    Conv: conv,
    ConvTranspose: convTranspose,
    Dropout: dropout,
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

/** The rule of an operator; undefined where there is none. */
export function operatorOf(domain: string, opType: string): Operator | undefined {
  return domain === '' ? operators.get(opType) : undefined;
}

/** The newest version of the standard operators whose changes these rules know. */
export const NEWEST_OPSET = 28;
