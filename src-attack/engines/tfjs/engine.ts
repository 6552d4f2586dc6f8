import type { Tensor } from '@tensorflow/tfjs';
import { type Node, reachable, type Values } from '../../ir/graph.ts';
import type { Engine, EngineInfo, Program } from '../engine.ts';
import { chosenOutputs, chosenPrecision, convertInput, inputsOf, missingInput } from '../inputs.ts';
import { evaluateWithTfjs, type Tfjs } from './evaluate.ts';
import { lowerForTfjs } from './lowering.ts';

/**
 * An engine that interprets the graph with a TensorFlow.js module. The backend is the module's, which others may share:
 * it is set before every run.
 */
export function createTfjsEngine(tf: Tfjs, backend: string, info: EngineInfo): Engine {
  const open = new Set<Program>();
  return {
    info,
    async compile(outputs, options) {
      chosenPrecision(info, options);
      await useBackend(tf, backend);
      const program = createProgram(tf, backend, outputs, () => open.delete(program));
      open.add(program);
      return program;
    },
    async dispose() {
      for (const program of [...open]) await program.dispose();
    },
  };
}

function createProgram(
  tf: Tfjs,
  backend: string,
  outputs: Readonly<Record<string, Node>>,
  onDispose: () => void,
): Program {
  const names = Object.keys(outputs);
  const results = lowerForTfjs(Object.values(outputs));
  const order = reachable(results);
  const inputs = inputsOf(order);
  const { constant, varying } = partition(order);
  const constants = computeConstants(tf, constant);
  const lastUse = lastUses(varying, new Set(results));
  const bound = new Map<string, Tensor>();

  const toTensor = (node: Node, name: string, values: Values): Tensor =>
    tf.tensor(convertInput(node, name, values, 'float32') as Float32Array, [...node.shape]);

  /** Computes the varying nodes into `present`; tensors are freed after their last use. */
  const compute = (given: Readonly<Record<string, Values>>, present: Map<Node, Tensor>): void => {
    for (const node of varying) {
      if (node.operation.kind === 'input') {
        const { name } = node.operation;
        const values = given[name];
        if (!values && !bound.has(name)) throw missingInput(name);
        present.set(node, values ? toTensor(node, name, values) : bound.get(name)!.clone());
      } else {
        const operands = node.inputs.map(input => present.get(input) ?? constants.get(input)!);
        present.set(
          node,
          tf.tidy(() => evaluateWithTfjs(tf, node, operands)),
        );
      }
      for (const done of lastUse.get(node) ?? []) present.get(done)!.dispose();
    }
  };

  return {
    async run(given, fetch) {
      const wanted = chosenOutputs(names, fetch);
      const present = new Map<Node, Tensor>();
      await useBackend(tf, backend);
      try {
        compute(given, present);
        const values: Record<string, Values> = {};
        for (const name of wanted) {
          const node = results[names.indexOf(name)]!;
          values[name] = Float32Array.from(await (present.get(node) ?? constants.get(node)!).data());
        }
        return values;
      } finally {
        for (const tensor of present.values()) if (!tensor.isDisposed) tensor.dispose();
      }
    },
    async bind(given) {
      await useBackend(tf, backend);
      for (const [name, values] of Object.entries(given)) {
        const node = inputs.get(name);
        if (!node) continue;
        bound.get(name)?.dispose();
        bound.set(name, tf.keep(toTensor(node, name, values.slice())));
      }
    },
    async dispose() {
      onDispose();
      for (const tensor of [...constants.values(), ...bound.values()]) tensor.dispose();
      constants.clear();
      bound.clear();
    },
  };
}

/** Makes the module compute on a backend. Rejects where it does not start. */
async function useBackend(tf: Tfjs, backend: string): Promise<void> {
  if (tf.getBackend() === backend) return;
  if (!(await tf.setBackend(backend))) throw new Error(`The TensorFlow.js backend "${backend}" does not start here.`);
}

/** Nodes that no input reaches, which are computed once, and the others. */
function partition(order: readonly Node[]): { readonly constant: Node[]; readonly varying: Node[] } {
  const varying = new Set<Node>();
  for (const node of order) {
    if (node.operation.kind === 'input' || node.inputs.some(input => varying.has(input))) varying.add(node);
  }
  return { constant: order.filter(node => !varying.has(node)), varying: [...varying] };
}

function computeConstants(tf: Tfjs, constant: readonly Node[]): Map<Node, Tensor> {
  const tensors = new Map<Node, Tensor>();
  for (const node of constant) {
    const operands = node.inputs.map(input => tensors.get(input)!);
    tensors.set(node, tf.keep(tf.tidy(() => evaluateWithTfjs(tf, node, operands))));
  }
  return tensors;
}

/** For every node, the varying nodes that are not needed after it. Results stay. */
function lastUses(varying: readonly Node[], results: ReadonlySet<Node>): Map<Node, Node[]> {
  const last = new Map<Node, Node>();
  const members = new Set(varying);
  for (const node of varying) for (const input of node.inputs) if (members.has(input)) last.set(input, node);
  const byUser = new Map<Node, Node[]>();
  for (const [node, user] of last) {
    if (!results.has(node)) byUser.set(user, [...(byUser.get(user) ?? []), node]);
  }
  return byUser;
}
