import type { Layer, ModelGraph, WeightRef } from '../../src-analysis/model/graph.ts';
import type { Graph, Node } from '../ir/graph.ts';
import { NotSupported } from './value.ts';
import type { VictimParameter, WeightValues } from './victim.ts';

/**
 * Under which name a weight's values are looked up: the source's own name for it, else `<layer name>/<role>`, with the
 * name of the first application where a layer is applied several times.
 */
export function weightKey(
  model: Pick<ModelGraph, 'layers'>,
  layer: Layer,
  ref: Pick<WeightRef, 'name' | 'role'>,
): string {
  const first = layer.sharedWith === undefined ? layer : (model.layers[layer.sharedWith] ?? layer);
  return ref.name === '' ? `${first.name}/${ref.role}` : ref.name;
}

/** Turns weights into constant nodes, once each: a layer that is applied twice has one kernel and one gradient. */
export interface Parameters {
  /** The weight of this role, in the source's layout; undefined where the layer has none. */
  find(layer: Layer, role: string): Node | undefined;
  /** As `find`. Throws NotSupported where the layer has none. */
  need(layer: Layer, role: string): Node;
  /**
   * The vectors `x` stand for rows of a weight that is not in the graph: they get its gradient, and its values are returned.
   * Throws NotSupported where another layer has the same weight.
   */
  lookedUp(layer: Layer, x: Node): WeightValues;
  /** Every weight that a gradient is taken for, in the order of their first use. */
  readonly trainable: readonly VictimParameter[];
}

export function createParameters(
  model: ModelGraph,
  graph: Graph,
  weights: ReadonlyMap<string, WeightValues>,
): Parameters {
  const nodes = new Map<string, Node>();
  const trainable: VictimParameter[] = [];

  const nodeOf = (layer: Layer, ref: WeightRef): Node => {
    const name = weightKey(model, layer, ref);
    const made = nodes.get(name);
    if (made) return made;
    const node = graph.constant(name, shapeOf(name, ref, weights.get(name)), weights.get(name)!.data);
    nodes.set(name, node);
    if (ref.trainable && layer.trainable) trainable.push({ name, layerId: layer.id, role: ref.role, node });
    return node;
  };

  return {
    trainable,
    find(layer, role) {
      const ref = layer.weights.find(weight => weight.role === role);
      return ref && nodeOf(layer, ref);
    },
    need(layer, role) {
      const node = this.find(layer, role);
      if (!node) throw new NotSupported(`It has no ${role}.`);
      return node;
    },
    lookedUp(layer, x) {
      const [ref] = layer.weights;
      if (!ref) throw new NotSupported('It has no table.');
      const name = weightKey(model, layer, ref);
      const other = model.layers.find(
        ({ id, weights }) =>
          id !== layer.id && weights.some(weight => weightKey(model, model.layers[id]!, weight) === name),
      );
      if (other) throw new NotSupported(`Its table is shared with "${other.name}", which is not covered.`);
      const values = weights.get(name);
      shapeOf(name, ref, values);
      if (ref.trainable && layer.trainable) trainable.push({ name, layerId: layer.id, role: ref.role, node: x });
      return values!;
    },
  };
}

/** The stored shape, once it is certain that values are there and fit. */
function shapeOf(name: string, ref: WeightRef, values: WeightValues | undefined): readonly number[] {
  if (!values) {
    throw new NotSupported(
      `Its ${ref.role} "${name}" has no values: give a model with its weights, or initialise them.`,
    );
  }
  const size = values.shape.reduce((product, dim) => product * dim, 1);
  const fits =
    values.shape.length === ref.shape.length && ref.shape.every((dim, i) => dim === null || dim === values.shape[i]);
  if (!fits || size !== values.data.length) {
    const stored = `[${values.shape.join(', ')}] with ${values.data.length} entries`;
    throw new NotSupported(
      `Its ${ref.role} "${name}" is stored as ${stored}; the model asks for [${ref.shape.join(', ')}].`,
    );
  }
  return values.shape;
}
