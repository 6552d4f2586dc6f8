import { quoteName } from '../../findings/printable.ts';
import { sizeOf } from '../../model/geometry.ts';
import type { DenseOp, Layer, ModelGraph } from '../../model/graph.ts';
import type { Rule, RuleReport } from '../rule.ts';
import { isTrained, readsModelInput } from '../trained.ts';

/**
 * A dense layer under one example: ∂L/∂W = δ xᵀ and ∂L/∂b = δ, so that any row with δ_r ≠ 0 gives x = ∂L/∂W_r / ∂L/∂b_r
 * (Geiping et al. 2020, Proposition 3.1). Without a bias the rank-one matrix still gives x up to its scale.
 */
export const denseInputExposed: Rule = {
  meta: {
    id: 'dense-input-exposed',
    title: 'Dense layer whose gradient contains its input',
    description: "A trainable dense layer's gradient contains its input: exactly with a bias, up to scale without.",
    defaultSeverity: 'warning',
    options: {},
  },
  check: ({ graph }) =>
    graph.layers.flatMap(layer => {
      const dense = layer.op;
      return dense.kind === 'dense' && isTrained(layer, 'kernel') && seesOneVector(layer, dense)
        ? [report(graph, layer, dense)]
        : [];
    }),
};

function report(graph: ModelGraph, layer: Layer, dense: DenseOp): RuleReport {
  const name = quoteName(layer.name);
  const first = readsModelInput(graph, layer);
  const what = first ? `the model's input itself (${size(dense)} entries)` : `its input (${size(dense)} features)`;
  const how =
    dense.bias && dense.beta !== 0 && isTrained(layer, 'bias')
      ? `the gradient of ${name} contains ${what} exactly: x = (∂L/∂W)ᵣ / (∂L/∂b)ᵣ for any unit r whose bias gradient is not 0`
      : `the gradient of ${name} contains ${what} up to one factor: without a trained bias, ∂L/∂W = δxᵀ still has rank one. ` +
        'Removing the bias does not hide the input';
  return {
    layer,
    ...(layer.range ? { range: layer.range } : {}),
    note: !first,
    message: `For a batch of one, ${how}.${first ? '' : ' This is where the reconstruction of the layers before starts.'}`,
  };
}

function size(dense: DenseOp): string {
  return dense.inFeatures === null ? 'an unknown number of' : String(dense.inFeatures);
}

/** Over several positions (a dense layer on a sequence) ∂L/∂W is a sum of outer products: another statement, not made here. */
function seesOneVector(layer: Layer, dense: DenseOp): boolean {
  const shape = layer.inputShapes[0];
  if (!shape) return true;
  return shape.length <= 1 || (dense.inFeatures !== null && sizeOf(shape) === dense.inFeatures);
}
