import type { Op } from '../../../src-analysis/model/graph.ts';
import { inOwnLayout, NotSupported, type Value } from '../value.ts';
import { buildActivation } from './activation.ts';
import type { LayerContext } from './context.ts';
import { buildConv, buildConvTranspose, buildSeparableConv } from './convolution.ts';
import { buildDense } from './dense.ts';
import { buildElementwise } from './elementwise.ts';
import { buildMerge } from './merge.ts';
import { buildNorm } from './norm.ts';
import { buildPool } from './pool.ts';
import { buildRearrange } from './rearrange.ts';
import { buildRecurrent } from './recurrent.ts';
import { buildReduce } from './reduce.ts';

/** The outputs of one layer, its fused activation included. Throws NotSupported with a sentence where it cannot run. */
export function buildLayer(context: LayerContext): Value[] {
  const { layer } = context;
  if (layer.inputs.length === 0 && layer.op.kind !== 'constant') throw new NotSupported('It has no input.');
  const outputs = buildOp(context, layer.op);
  const { activation } = layer;
  // A recurrent layer's activation is part of every step.
  return activation && layer.op.kind !== 'recurrent'
    ? outputs.map(value => buildActivation(context, value, activation))
    : outputs;
}

function buildOp(context: LayerContext, op: Op): Value[] {
  switch (op.kind) {
    case 'identity':
      return [context.inputs[0]!];
    case 'dropout':
      context.assume('Dropout is off: the attack sees the model as at inference.');
      return [context.inputs[0]!];
    case 'constant':
      return [constant(context)];
    case 'activation':
      return [buildActivation(context, context.inputs[0]!, op.activation)];
    case 'conv':
      return [buildConv(context, op)];
    case 'convTranspose':
      return [buildConvTranspose(context, op)];
    case 'separableConv':
      return [buildSeparableConv(context, op)];
    case 'dense':
      return [buildDense(context, op)];
    case 'pool':
      return [buildPool(context, op)];
    case 'norm':
      return [buildNorm(context, op)];
    case 'merge':
      return [buildMerge(context, op)];
    case 'rearrange':
      return buildRearrange(context, op);
    case 'elementwise':
      return [buildElementwise(context, op.name)];
    case 'reduce':
      return [buildReduce(context, op)];
    case 'embedding':
      throw new NotSupported(
        'The input of an embedding is made of integers, which no gradient leads to: the attacks on pictures do not apply.',
      );
    case 'input':
      throw new NotSupported('The model has more than one input; the attack engine covers one.');
    case 'recurrent':
      return buildRecurrent(context, op);
    case 'attention':
      throw new NotSupported(`Layers of the kind "${op.kind}" are not covered by the attack engine.`);
    case 'unknown':
      throw new NotSupported(op.reason);
  }
}

function constant({ layer, parameters }: LayerContext): Value {
  const [ref] = layer.weights;
  if (!ref) throw new NotSupported('Its value is not known.');
  return inOwnLayout(parameters.need(layer, ref.role));
}
