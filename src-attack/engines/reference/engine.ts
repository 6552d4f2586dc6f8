import { type Node, reachable, type Values } from '../../ir/graph.ts';
import type { Engine, EngineInfo, Precision, Program } from '../engine.ts';
import { chosenOutputs, chosenPrecision, convert, convertInput, inputsOf, missingInput } from '../inputs.ts';
import { evaluate } from './kernels.ts';

const info: EngineInfo = {
  name: 'reference',
  device: 'CPU (JavaScript)',
  threads: 1,
  version: '1',
  precisions: ['float64', 'float32'],
};

/**
 * The engine that the others are measured against: it computes every operation in float64 from its definition, with
 * no library. For tests and small refinements; far too slow for an attack. `float32` rounds the results only.
 */
export function createReferenceEngine(): Engine {
  return {
    info,
    async compile(outputs, options) {
      return createProgram(outputs, chosenPrecision(info, options));
    },
    async dispose() {},
  };
}

function createProgram(outputs: Readonly<Record<string, Node>>, precision: Precision): Program {
  const order = reachable(Object.values(outputs));
  const inputs = inputsOf(order);
  const bound = new Map<string, Float64Array>();
  const take = (given: Readonly<Record<string, Values>>): Map<string, Float64Array> => {
    const taken = new Map<string, Float64Array>();
    for (const [name, values] of Object.entries(given)) {
      const node = inputs.get(name);
      if (node) taken.set(name, convertInput(node, name, values, 'float64') as Float64Array);
    }
    return taken;
  };
  return {
    async run(given, fetch) {
      const names = chosenOutputs(Object.keys(outputs), fetch);
      const present = new Map([...bound, ...take(given)]);
      const results = new Map<Node, Float64Array>();
      for (const node of order) {
        const name = node.operation.kind === 'input' ? node.operation.name : undefined;
        if (name !== undefined && !present.has(name)) throw missingInput(name);
        results.set(
          node,
          name === undefined
            ? evaluate(
                node,
                node.inputs.map(input => results.get(input)!),
              )
            : present.get(name)!,
        );
      }
      return Object.fromEntries(names.map(name => [name, convert(results.get(outputs[name]!)!.slice(), precision)]));
    },
    async bind(given) {
      for (const [name, values] of take(given)) bound.set(name, values.slice());
    },
    async dispose() {},
  };
}
