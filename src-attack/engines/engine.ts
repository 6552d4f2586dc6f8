import type { Node, Values } from '../ir/graph.ts';

export type Precision = 'float32' | 'float64';

/** What runs the graph, as results name it. */
export interface EngineInfo {
  /** `onnxruntime-cpu`, `onnxruntime-webgpu`, `onnxruntime-cuda`, `onnxruntime-wasm`, `tfjs-node`, `tfjs-wasm`, `reference`, … */
  readonly name: string;
  /** The device in words: `CPU`, `GPU 0 (CUDA)`, … */
  readonly device: string;
  /** Threads for one operation; 0 where the engine does not say. */
  readonly threads: number;
  /** Version of the library. */
  readonly version: string;
  readonly precisions: readonly Precision[];
}

export interface CompileOptions {
  /** Default `float32`. `compile` rejects a precision that {@link EngineInfo.precisions} does not list. */
  readonly precision?: Precision;
}

export interface Program {
  /**
   * Computes the outputs. `inputs` are the graph's inputs by name, row-major, except those given to `bind`; those that
   * no output depends on may be left out. Returns fresh arrays, Float64Array for precision `float64`. `fetch` limits
   * what is copied out, not what is computed: compile a program of its own for outputs that are wanted alone.
   * Rejects with a sentence when an input is missing or of the wrong length, or when the engine fails.
   */
  run(inputs: Readonly<Record<string, Values>>, fetch?: readonly string[]): Promise<Record<string, Values>>;
  /** Keeps these inputs for all later runs (targets, say), so that they are moved to the device once. */
  bind(inputs: Readonly<Record<string, Values>>): Promise<void>;
  dispose(): Promise<void>;
}

export interface Engine {
  readonly info: EngineInfo;
  /** Makes a program that computes the named nodes of one graph. */
  compile(outputs: Readonly<Record<string, Node>>, options?: CompileOptions): Promise<Program>;
  dispose(): Promise<void>;
}
