import type { WeightRef } from '../../../model/graph.ts';
import {
  batchOf,
  constantInputs,
  fail,
  inputElements,
  intAttribute,
  layerWeight,
  type NodeContext,
  normalizeAxis,
  notCovered,
  type Operator,
  type Outcome,
  type OutputValue,
  requiredInput,
  shapeText,
} from '../context.ts';
import { allNumbers, checkedDim, type Dim, differ, informed, plainDim, plus } from '../dimension.ts';
import { type Batch, sampleAxis, type Value } from '../value.ts';

export const concat: Operator = {
  attributes: ['axis'],
  infer: context => {
    const values = context.inputs.filter(value => value !== null);
    if (values.length === 0) fail('it has no input');
    const known = values.find(value => value.shape !== null);
    const outputs = [{ shape: null, batch: 'lost' as const }];
    if (!known?.shape) return notCovered('The rank of its inputs is unknown.', outputs);
    const axis = normalizeAxis(intAttribute(context, 'axis', context.opset < 4 ? 1 : 0), known.shape.length);
    const output = concatenated(values, axis, known.shape.length);
    if (values.length === 1) return { op: { kind: 'identity' }, outputs: [output] };
    return {
      op: { kind: 'merge', merge: 'concat', axis: sampleAxis(axis, output.batch) },
      outputs: [output],
      edges: values,
    };
  },
};

function concatenated(values: readonly Value[], axis: number, rank: number): OutputValue {
  const shape: Dim[] = [];
  for (let i = 0; i < rank; i++) {
    const dims = values.map(value => value.shape?.[i] ?? null);
    const known = dims.reduce(informed, null);
    const wrong = values.find(value => value.shape && value.shape.length !== rank);
    if (wrong || (i !== axis && dims.some(dim => differ(dim, known)))) {
      fail(
        `its inputs have shapes ${values
          .slice(0, 4)
          .map(value => shapeText(value.shape))
          .join(', ')}`,
      );
    }
    const sum = dims.reduce(plus, 0);
    shape.push(i === axis ? checkedDim(sum) : known);
  }
  const batches = new Set(values.map(batchOf).filter(batch => batch !== 'none'));
  const [batch = 'none'] = batches;
  return { shape, batch: batches.size > 1 ? 'lost' : batch };
}

/** Gather: rows of a constant matrix chosen by an activation are an embedding; the reverse is a selection. */
const gather: Operator = {
  attributes: ['axis'],
  infer: context => {
    const data = requiredInput(context, 0);
    const indices = requiredInput(context, 1);
    if (data.shape === null || indices.shape === null) {
      return notCovered(
        'The rank of its inputs is unknown.',
        [{ shape: null, batch: 'lost' }],
        constantInputs(context),
      );
    }
    const axis = normalizeAxis(intAttribute(context, 'axis', 0), data.shape.length);
    const shape = [...data.shape.slice(0, axis), ...indices.shape, ...data.shape.slice(axis + 1)];
    const batch = gatheredBatch(data, indices, axis);
    return gatherOutcome(context, data, indices, axis, { shape, batch });
  },
};

function gatheredBatch(data: Value, indices: Value, axis: number): Batch {
  const ofData = batchOf(data);
  const ofIndices = batchOf(indices);
  const lead = (indices.shape?.length ?? 0) - 1;
  if (typeof ofIndices === 'number' && ofData === 'none') return ofIndices + axis;
  if (ofIndices !== 'none') return 'lost';
  if (ofData === 'merged') return axis === 0 ? 'lost' : ofData;
  if (typeof ofData !== 'number') return ofData;
  if (ofData === axis) return 'lost';
  return ofData < axis ? ofData : ofData + lead;
}

function gatherOutcome(context: NodeContext, data: Value, indices: Value, axis: number, output: OutputValue): Outcome {
  const outputs = [output];
  if (data.kind === 'constant' && indices.kind === 'activation') {
    const weights: WeightRef[] = [layerWeight(context, data, 'embeddings')];
    const [vocabulary = null, units = null] = data.shape ?? [];
    if (axis !== 0 || data.shape?.length !== 2) {
      return notCovered('It looks up entries of a constant that is no table of vectors.', outputs, weights);
    }
    return { op: { kind: 'embedding', vocabulary: plainDim(vocabulary), units: plainDim(units) }, outputs, weights };
  }
  if (indices.kind === 'activation') return notCovered('Which entries it selects depends on the input.', outputs);
  const ofSample = sampleAxis(axis, batchOf(data));
  if (ofSample === null) return notCovered('It selects samples of the batch.', outputs);
  const positions = gatheredPositions(context, data.shape?.[axis] ?? null);
  return { op: { kind: 'rearrange', how: 'gather', axis: ofSample, ...(positions ? { positions } : {}) }, outputs };
}

/** The indices, counted from the front; null where the file does not hold them, or the axis has none such. */
function gatheredPositions(context: NodeContext, length: Dim): readonly number[] | null {
  const indices = allNumbers(inputElements(context, 1));
  if (!indices) return null;
  const positions = indices.map(index => (index < 0 && typeof length === 'number' ? index + length : index));
  const outside = positions.some(position => position < 0 || (typeof length === 'number' && position >= length));
  return outside ? null : positions;
}

export const selectionOperators: Readonly<Record<string, Operator>> = { Concat: concat, Gather: gather };
