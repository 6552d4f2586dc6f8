import type { Gap } from '../../model/graph.ts';
import type { ReadError } from '../reader.ts';
import type { LayerSpec, ModelSpec, Reference } from './topology.ts';

/** One application of a layer, after all those it takes its inputs from. */
export interface OrderedCall {
  /** Names the application within its model. */
  readonly key: string;
  readonly layer: LayerSpec;
  readonly call: number;
  readonly references: readonly Reference[];
}

export interface Order {
  readonly calls: readonly OrderedCall[];
  /** Key of the application a reference means; undefined where it means none. */
  readonly resolve: (reference: Reference) => string | undefined;
}

/**
 * Puts the applications of a functional model into topological order. References to nothing, layers of the same
 * name, layers that are never applied and cycles are told; what hangs on a cycle is left out.
 */
export function orderCalls(spec: ModelSpec, errors: ReadError[], gaps: Gap[]): Order {
  const byName = new Map<string, LayerSpec>();
  for (const layer of spec.layers) {
    if (byName.has(layer.name)) {
      errors.push({ message: `${spec.name} has two layers called ${layer.name}.`, range: layer.range });
    } else byName.set(layer.name, layer);
  }
  const firstCalls = firstCallsOfModels(spec, byName);
  const keyOf = (name: string, call: number) => `${call} ${name}`;
  const resolve = (reference: Reference): string | undefined => {
    const layer = byName.get(reference.layer);
    const call = reference.call - (firstCalls.get(reference.layer) ?? 0);
    return layer !== undefined && call >= 0 && call < callsOf(layer).length ? keyOf(layer.name, call) : undefined;
  };
  const waiting = [...byName.values()].flatMap(layer => {
    if (callsOf(layer).length === 0) gaps.push({ reason: `${layer.name} is applied to nothing.`, range: layer.range });
    return callsOf(layer).map((references, call) => ({ key: keyOf(layer.name, call), layer, call, references }));
  });
  const calls = sort(waiting, reference => {
    const key = resolve(reference);
    if (key === undefined) {
      errors.push({
        message: `There is no application ${reference.call} of a layer called ${reference.layer}.`,
        range: reference.range,
      });
    }
    return key;
  });
  const done = new Set(calls.map(call => call.key));
  for (const { key, layer } of waiting) {
    if (done.has(key)) continue;
    const reason = `${layer.name} takes its input from a cycle of layers.`;
    errors.push({ message: reason, range: layer.range });
    gaps.push({ reason, range: layer.range });
  }
  return { calls, resolve };
}

const noInputs: readonly (readonly Reference[])[] = [[]];

/** An input layer counts as applied once, to nothing. */
function callsOf(layer: LayerSpec): readonly (readonly Reference[])[] {
  return layer.className === 'InputLayer' && layer.calls.length === 0 ? noInputs : layer.calls;
}

/**
 * The index that means a nested model's first application: 1 where its own construction counted as an application
 * (TensorFlow.js, Keras 2), 0 in files that number from there (Keras 3).
 */
function firstCallsOfModels(spec: ModelSpec, byName: ReadonlyMap<string, LayerSpec>): ReadonlyMap<string, number> {
  const first = new Map<string, number>();
  for (const reference of [...spec.layers.flatMap(layer => layer.calls.flat()), ...spec.outputs]) {
    if (!byName.get(reference.layer)?.model) continue;
    first.set(reference.layer, Math.min(first.get(reference.layer) ?? 1, reference.call));
  }
  return first;
}

/** Kahn's algorithm, in the order of the file where that is free. */
function sort(
  waiting: readonly OrderedCall[],
  sourceOf: (reference: Reference) => string | undefined,
): readonly OrderedCall[] {
  const users = new Map<string, OrderedCall[]>();
  const missing = new Map<OrderedCall, number>();
  for (const call of waiting) {
    const sources = call.references.map(sourceOf).filter(source => source !== undefined);
    missing.set(call, sources.length);
    for (const source of sources) {
      const list = users.get(source);
      if (list) list.push(call);
      else users.set(source, [call]);
    }
  }
  const ready = waiting.filter(call => missing.get(call) === 0);
  // The list grows while it is walked.
  for (const call of ready) {
    for (const user of users.get(call.key) ?? []) {
      const left = (missing.get(user) ?? 0) - 1;
      missing.set(user, left);
      if (left === 0) ready.push(user);
    }
  }
  return ready;
}
