import { type Node, reachable, sizeOf, type Values } from '../ir/graph.ts';
import type { CompileOptions, EngineInfo, Precision } from './engine.ts';

/* What every engine checks before it computes, so that mistakes read the same on all of them. */

/** The inputs that some nodes depend on, by name. */
export function inputsOf(nodes: readonly Node[]): ReadonlyMap<string, Node> {
  const inputs = new Map<string, Node>();
  for (const node of reachable(nodes)) if (node.operation.kind === 'input') inputs.set(node.operation.name, node);
  return inputs;
}

/** Values of an input at the given precision, copied only where the type differs. Throws where the length is wrong. */
export function convertInput(node: Node, name: string, values: Values, precision: Precision): Values {
  const size = sizeOf(node.shape);
  if (values.length !== size) {
    throw new Error(
      `Input "${name}" has ${values.length} entries; its shape [${node.shape.join(', ')}] asks for ${size}.`,
    );
  }
  return convert(values, precision);
}

/** The same numbers as the array type of a precision. */
export function convert(values: Values, precision: Precision): Values {
  if (precision === 'float32') return values instanceof Float32Array ? values : Float32Array.from(values);
  return values instanceof Float64Array ? values : Float64Array.from(values);
}

export function missingInput(name: string): Error {
  return new Error(`Input "${name}" is missing: give it to run() or bind().`);
}

/** The precision asked for. Throws where the engine lacks it. */
export function chosenPrecision(info: EngineInfo, options: CompileOptions | undefined): Precision {
  const precision = options?.precision ?? 'float32';
  if (!info.precisions.includes(precision))
    throw new Error(`The engine ${info.name} does not compute in ${precision}.`);
  return precision;
}

/** The names to return: all outputs unless told. Throws on a name that the program does not have. */
export function chosenOutputs(names: readonly string[], fetch: readonly string[] | undefined): readonly string[] {
  const unknown = fetch?.find(name => !names.includes(name));
  if (unknown !== undefined) throw new Error(`The program has no output "${unknown}".`);
  return fetch ?? names;
}
