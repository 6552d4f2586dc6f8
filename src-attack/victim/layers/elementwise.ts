import type { Layer, WeightRef } from '../../../src-analysis/model/graph.ts';
import { reshape } from '../../ir/arrange.ts';
import * as ir from '../../ir/elementwise.ts';
import { type Node, sizeOf } from '../../ir/graph.ts';
import { inOwnLayout, NotSupported, own, type Value } from '../value.ts';
import type { LayerContext } from './context.ts';

const withOperand: Readonly<Record<string, (x: Node, c: Node) => Node>> = {
  add: ir.add,
  subtract: ir.sub,
  reverseSubtract: (x, c) => ir.sub(c, x),
  multiply: ir.mul,
  divide: ir.div,
  reverseDivide: (x, c) => ir.div(c, x),
  maximum: ir.maximum,
  minimum: ir.minimum,
};

const alone: Readonly<Record<string, (x: Node) => Node>> = {
  abs: ir.abs,
  erf: ir.erf,
  exp: ir.exp,
  log: ir.log,
  neg: ir.neg,
  reciprocal: x => ir.div(1, x),
  sign: ir.sign,
  sqrt: ir.sqrt,
};

/** Arithmetic with a constant, which broadcasts in the model's own layout, or a function of one tensor. */
export function buildElementwise(context: LayerContext, name: string): Value {
  const { layer, inputs, parameters } = context;
  const value = inputs[0]!;
  const [operand] = layer.weights;
  if (!operand) {
    const apply = alone[name];
    if (!apply) throw notCovered(name);
    return { ...value, node: apply(value.node) };
  }
  const constant = parameters.need(layer, operand.role);
  if (name === 'pow') return { ...value, node: ir.pow(value.node, exponent(layer, operand, constant)) };
  const apply = withOperand[name];
  if (!apply) throw notCovered(name);
  if (sizeOf(constant.shape) === 1) return { ...value, node: apply(value.node, reshape(constant, [])) };
  return inOwnLayout(apply(own(value), constant));
}

function exponent(layer: Layer, operand: WeightRef, constant: Node): number {
  const { operation } = constant;
  if (operation.kind !== 'constant' || operation.data.length !== 1 || (operand.trainable && layer.trainable)) {
    throw new NotSupported('Powers with several or learned exponents are not covered by the attack engine.');
  }
  return operation.data[0]!;
}

function notCovered(name: string): NotSupported {
  return new NotSupported(`The operation "${name}" is not covered by the attack engine.`);
}
