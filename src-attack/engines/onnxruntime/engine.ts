import type { InferenceSession, Tensor } from 'onnxruntime-common';
import { type Node, reachable, type Values } from '../../ir/graph.ts';
import type { Engine, EngineInfo, Precision, Program } from '../engine.ts';
import { chosenOutputs, chosenPrecision, convertInput, inputsOf, missingInput } from '../inputs.ts';
import { emitOnnx, inputName, outputName } from './emit.ts';
import { lowerForOnnx } from './lowering.ts';

/** What the engine uses of onnxruntime-node or onnxruntime-web; both have it. */
export interface OnnxRuntime {
  readonly InferenceSession: typeof InferenceSession;
  readonly Tensor: typeof Tensor;
}

/**
 * An engine that runs the whole graph as one ONNX model in one session. `sessionOptions` choose the execution provider
 * and the threads.
 */
export function createOnnxEngine(
  runtime: OnnxRuntime,
  info: EngineInfo,
  sessionOptions: InferenceSession.SessionOptions,
): Engine {
  const open = new Set<Program>();
  return {
    info,
    async compile(outputs, options) {
      const precision = chosenPrecision(info, options);
      const oneFilterAChannel = info.name === 'onnxruntime-webgpu';
      const names = Object.keys(outputs);
      const lowered = lowerForOnnx(Object.values(outputs), { precision, oneFilterAChannel });
      const bytes = emitOnnx(Object.fromEntries(names.map((name, i) => [name, lowered[i]!])), precision);
      const isLarge = reachable(lowered).length > mostOptimised;
      const session = await runtime.InferenceSession.create(bytes, {
        ...sessionOptions,
        ...(isLarge ? { graphOptimizationLevel: 'disabled' as const } : {}),
      });
      const program = createProgram(runtime, session, outputs, precision, () => open.delete(program));
      open.add(program);
      return program;
    },
    async dispose() {
      for (const program of [...open]) await program.dispose();
    },
  };
}

/**
 * ONNX Runtime's time for rewriting a graph grows with the square of its nodes, of which a recurrent layer makes some hundreds a
 * step: beyond so many it would take several times what everything else does.
 */
const mostOptimised = 10_000;

function createProgram(
  runtime: OnnxRuntime,
  session: InferenceSession,
  outputs: Readonly<Record<string, Node>>,
  precision: Precision,
  onDispose: () => void,
): Program {
  const inputs = inputsOf(Object.values(outputs));
  const bound: Record<string, Tensor> = {};
  const toTensors = (given: Readonly<Record<string, Values>>): Record<string, Tensor> => {
    const tensors: Record<string, Tensor> = {};
    for (const [name, values] of Object.entries(given)) {
      const node = inputs.get(name);
      if (node)
        tensors[inputName(name)] = new runtime.Tensor(
          precision,
          convertInput(node, name, values, precision),
          node.shape,
        );
    }
    return tensors;
  };
  return {
    async run(given, fetch) {
      const names = chosenOutputs(Object.keys(outputs), fetch);
      const feeds = { ...bound, ...toTensors(given) };
      for (const name of inputs.keys()) if (!feeds[inputName(name)]) throw missingInput(name);
      const results = await session.run(feeds, names.map(outputName));
      return Object.fromEntries(names.map(name => [name, results[outputName(name)]!.data as Values]));
    },
    async bind(given) {
      const copies = Object.fromEntries(Object.entries(given).map(([name, values]) => [name, values.slice()]));
      Object.assign(bound, toTensors(copies));
    },
    async dispose() {
      onDispose();
      await session.release();
    },
  };
}
