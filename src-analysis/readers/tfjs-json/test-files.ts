import type { ModelGraph } from '../../model/graph.ts';
import { neverCancelled, type ReadResult } from '../reader.ts';
import { readTfjsJson } from './read.ts';

/** Files for the tests of this folder. */

export function read(text: string, path = 'some/model.json'): ReadResult {
  return readTfjsJson({ path, text }, neverCancelled);
}

/** `name: type of inputs → output shapes | stored weights`, with `?` for what is not known. */
export function summary(graph: ModelGraph): string[] {
  return graph.layers.map(layer => {
    const inputs = layer.inputs.map(edge => graph.layers[edge.layer]?.name + (edge.output ? `:${edge.output}` : ''));
    const shapes = layer.outputShapes.map(shape => shape?.map(dim => dim ?? '?').join('×') ?? '?');
    const weights = layer.weights.map(w => w.name || '-').join(' ');
    return `${layer.name}: ${layer.type} of ${inputs.join(', ')} → ${shapes.join(', ')}${weights && ` | ${weights}`}`;
  });
}

export type Json = Record<string, unknown>;

export function dense(name: string, units: number, config: Json = {}): Json {
  return { class_name: 'Dense', config: { name, units, ...config } };
}

export function sequential(layers: readonly Json[], extra: Json = {}): string {
  return JSON.stringify({ modelTopology: { class_name: 'Sequential', config: { name: 'm', layers } }, ...extra });
}

/** A functional model; the layers are given as [name, class, config, …references of each call]. */
export function functional(
  layers: readonly (readonly [string, string, Json, ...unknown[][]])[],
  output: unknown[],
  input = 'in',
): string {
  const list = layers.map(([name, className, config, ...calls]) => ({
    name,
    class_name: className,
    config: { name, ...config },
    inbound_nodes: calls,
  }));
  const config = { name: 'm', layers: list, input_layers: [[input, 0, 0]], output_layers: [output] };
  return JSON.stringify({ modelTopology: { class_name: 'Model', config } });
}

export function manifest(...weights: Json[]): Json {
  return { weightsManifest: [{ paths: ['w.bin'], weights: weights.map(w => ({ dtype: 'float32', ...w })) }] };
}

export const inputLayer = ['in', 'InputLayer', { batch_input_shape: [null, 4] }] as const;
