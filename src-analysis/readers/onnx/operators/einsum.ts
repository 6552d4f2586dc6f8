import type { WeightRef } from '../../../model/graph.ts';
import {
  batchOf,
  fail,
  layerWeight,
  type NodeContext,
  notCovered,
  type Operator,
  type OutputValue,
  shapeText,
  stringAttribute,
} from '../context.ts';
import { type Dim, differ, informed } from '../dimension.ts';
import type { Batch, ConstantValue, Value } from '../value.ts';
import { denseOp, isTransposed } from './dense.ts';
import { plainConstants, unknownOutput } from './known.ts';

/** The axes of the operands and of the result by their labels; an ellipsis is spelled out as "…2…1…0" from the right. */
interface Equation {
  readonly operands: readonly (readonly string[])[];
  readonly result: readonly string[];
}

/** Einsum. A product of the last axis with a constant matrix is a dense layer, as MatMul is. */
export const einsum: Operator = {
  attributes: ['equation'],
  infer: context => {
    const values = context.inputs.filter(value => value !== null);
    const shapes = values.map(value => value.shape);
    if (shapes.includes(null)) {
      return {
        op: { kind: 'elementwise', name: 'einsum' },
        outputs: [unknownOutput],
        weights: plainConstants(context),
      };
    }
    const equation = parseEquation(
      stringAttribute(context, 'equation', ''),
      shapes.map(shape => shape?.length ?? 0),
    );
    const outputs = [resultOf(equation, values)];
    const dense = asDense(context, equation, values);
    if (dense) return { ...dense, outputs };
    if (values.length === 2 && values.every(value => value.kind === 'activation')) {
      return { op: { kind: 'merge', merge: 'matmul' }, outputs };
    }
    const weights = values.flatMap((value): WeightRef[] =>
      value.kind === 'constant' ? [layerWeight(context, value, 'kernel')] : [],
    );
    if (weights.length === 0) return { op: { kind: 'elementwise', name: 'einsum' }, outputs };
    return notCovered('It multiplies by a constant in a way that is no dense layer.', outputs, weights);
  },
};

function parseEquation(text: string, ranks: readonly number[]): Equation {
  const [left = '', right] = text.replace(/\s/g, '').split('->');
  const terms = left.split(',');
  if (terms.length !== ranks.length)
    fail(`its equation '${text}' is for ${terms.length} inputs, but it has ${ranks.length}`);
  const operands = terms.map((term, index) => labelsOf(term, ranks[index] ?? 0, text));
  const ellipsis = Math.max(0, ...operands.map(labels => labels.filter(isEllipsis).length));
  const result = right === undefined ? implicitResult(operands, ellipsis) : labelsOf(right, null, text, ellipsis);
  return { operands, result };
}

function labelsOf(term: string, rank: number | null, text: string, ellipsis = 0): readonly string[] {
  const parts = term.split('...');
  if (parts.length > 2 || !/^[A-Za-z]*$/.test(parts.join(''))) fail(`its equation '${text}' cannot be read`);
  const [before = '', after] = parts;
  const letters = before.length + (after?.length ?? 0);
  const covered = after === undefined ? 0 : rank === null ? ellipsis : rank - letters;
  if (covered < 0 || (rank !== null && letters + covered !== rank)) {
    fail(`its equation '${text}' does not fit an input with ${rank} axes`);
  }
  return [...before, ...ellipsisLabels(covered), ...(after ?? '')];
}

function ellipsisLabels(count: number): readonly string[] {
  return Array.from({ length: count }, (_, i) => `…${count - 1 - i}`);
}

function isEllipsis(label: string): boolean {
  return label.startsWith('…');
}

/** Without an arrow the result has the ellipsis, and then every label that occurs once, in alphabetical order. */
function implicitResult(operands: readonly (readonly string[])[], ellipsis: number): readonly string[] {
  const counts = new Map<string, number>();
  for (const label of operands.flat()) counts.set(label, (counts.get(label) ?? 0) + 1);
  const once = [...counts].filter(([label, count]) => count === 1 && !isEllipsis(label)).map(([label]) => label);
  return [...ellipsisLabels(ellipsis), ...once.sort()];
}

function resultOf({ operands, result }: Equation, values: readonly Value[]): OutputValue {
  const lengths = new Map<string, Dim>();
  for (const [index, labels] of operands.entries()) {
    for (const [axis, label] of labels.entries()) {
      const dim = values[index]?.shape?.[axis] ?? null;
      const known = lengths.get(label) ?? null;
      if (!lengths.has(label) || known === 1) lengths.set(label, dim);
      else if (dim !== 1) {
        if (differ(known, dim))
          fail(`its inputs have shapes ${values.map(value => shapeText(value.shape)).join(' and ')}`);
        lengths.set(label, informed(known, dim));
      }
    }
  }
  const unknown = result.find(label => !lengths.has(label));
  if (unknown !== undefined) fail(`its result has the axis '${unknown}', which no input has`);
  return { shape: result.map(label => lengths.get(label) ?? null), batch: batchOfResult(operands, result, values) };
}

function batchOfResult(
  operands: readonly (readonly string[])[],
  result: readonly string[],
  values: readonly Value[],
): Batch {
  const batches = values.map(batchOf);
  if (batches.some(batch => batch === 'merged' || batch === 'lost')) return 'lost';
  const labels = new Set(batches.flatMap((batch, i) => (typeof batch === 'number' ? [operands[i]?.[batch]] : [])));
  if (labels.size === 0) return 'none';
  const [label = ''] = labels;
  const axis = result.indexOf(label);
  return labels.size > 1 || axis < 0 ? 'lost' : axis;
}

/** "…k,ku->…u" or "…k,uk->…u" with a constant second operand. */
function asDense(context: NodeContext, { operands, result }: Equation, values: readonly Value[]) {
  const [input, kernel] = values;
  const [labels = [], ofKernel = []] = operands;
  if (operands.length !== 2 || input?.kind !== 'activation' || kernel?.kind !== 'constant') return null;
  const summed = labels.at(-1);
  const units = ofKernel.find(label => label !== summed);
  const kept = labels.slice(0, -1);
  const isProduct =
    ofKernel.length === 2 &&
    summed !== undefined &&
    units !== undefined &&
    ofKernel.includes(summed) &&
    new Set([...labels, units]).size === labels.length + 1 &&
    result.join() === [...kept, units].join();
  if (!isProduct || batchOf(input) === labels.length - 1) return null;
  return { op: denseOfKernel(input, kernel, ofKernel[0] === units), weights: [layerWeight(context, kernel, 'kernel')] };
}

function denseOfKernel(input: Value, kernel: ConstantValue, unitsFirst: boolean) {
  const [first = null, second = null] = kernel.shape ?? [];
  const [inFeatures, units] = unitsFirst ? [second, first] : [first, second];
  return denseOp(informed(input.shape?.at(-1) ?? null, inFeatures), units, unitsFirst !== isTransposed(kernel));
}
