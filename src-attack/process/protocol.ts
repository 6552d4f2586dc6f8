/**
 * What an attack run is asked for and what it tells: the messages between the attack process, the language server and
 * the panel. Plain data without imports of engines, so that a browser page can share it.
 */

/** Which model is meant. */
export interface ModelChoice {
  /** Path of the model file or code, for its reader and for relative data beside it. */
  readonly path: string;
  /** Unsaved text of the editor; absent: the file is read. */
  readonly text?: string;
  /** Which model of the file; absent: the only one, or the first. */
  readonly name?: string;
}

/** An attack run on one model and one image. */
export interface AttackSpec {
  readonly model: ModelChoice;
  /** A picture (PNG or JPEG) whose gradient is simulated, or a captured gradient (safetensors or npz) without one. */
  readonly source: { readonly kind: 'image' | 'gradient'; readonly path: string };
  /** Class of the example; null: inferred from the gradient by the sign rule. */
  readonly label: number | null;
  readonly methods: readonly string[];
  readonly seed: number;
  /** Steps of each method; absent: the method's own preset. */
  readonly steps?: number;
  /** `auto`, `cpu`, `wasm`, `webgpu`, `cuda` or `tfjs`. */
  readonly engine: string;
  /** Where the engine `tfjs` looks for TensorFlow.js; absent: from the model's folder upwards. */
  readonly tfjsFolder?: string;
  /** Preprocessing as an expression in x, `x/255 - 0.5`. */
  readonly preprocess: string;
}

/** A PNG as base64, with its size in pixels. */
export interface PngPicture {
  readonly png: string;
  readonly width: number;
  readonly height: number;
}

/** Scores of a reconstruction against the target, on images clamped to [0, 1]. */
export interface Scores {
  /** −10·log10(MSE), dB; null when the pictures are equal (the value would be infinite). */
  readonly psnr: number | null;
  readonly ssim: number;
  readonly mse: number;
}

export interface EngineName {
  readonly name: string;
  readonly device: string;
  readonly threads: number;
}

export type AttackEvent =
  /** Waiting for other runs: one at a time per window. */
  | { readonly type: 'queued'; readonly ahead: number }
  | { readonly type: 'starting' }
  | {
      readonly type: 'started';
      readonly model: string;
      readonly engine: EngineName;
      /** null for a captured gradient: nobody knows the picture. */
      readonly target: PngPicture | null;
      readonly label: number;
      readonly labelFrom: 'given' | 'inferred';
      readonly seed: number;
      readonly methods: readonly string[];
      /** What is assumed of the model and the observer, in sentences. */
      readonly assumptions: readonly string[];
    }
  | {
      readonly type: 'progress';
      readonly method: string;
      readonly step: number;
      /** Steps in all, as far as known. */
      readonly steps: number | null;
      readonly seconds: number;
      readonly loss: number;
      readonly scores?: Scores;
      readonly picture?: PngPicture;
    }
  | {
      readonly type: 'result';
      readonly method: string;
      readonly step: number;
      readonly seconds: number;
      readonly scores: Scores | null;
      /** ‖g(x) − g*‖²/‖g*‖² of the reconstruction's gradient against the observed one. */
      readonly residual: number;
      readonly picture: PngPicture;
      /** Loss after each recorded step. */
      readonly loss: readonly number[];
      readonly note: string;
      /** The figure and the command line's JSON of all results so far. */
      readonly figure: PngPicture;
      readonly report: unknown;
    }
  | { readonly type: 'method-failed'; readonly method: string; readonly message: string }
  | { readonly type: 'finished' }
  | { readonly type: 'cancelled' }
  /** Nothing more comes; what was reached before stays. */
  | { readonly type: 'failed'; readonly message: string };

/** One thing to choose: an attack or an engine. */
export interface AttackChoice {
  readonly id: string;
  readonly title: string;
  readonly description: string;
}

/** The attacks there are, and the engines that this machine can run. */
export interface AttackChoices {
  readonly methods: readonly AttackChoice[];
  readonly engines: readonly AttackChoice[];
}

/** JSON-RPC between language server and attack process: a request that ends with the run, events on the way. */
export const runMethod = 'attack/run';
export const eventMethod = 'attack/event';
/** Request without parameters; answers {@link AttackChoices}. */
export const choicesMethod = 'attack/choices';

/** Request: whether one engine works here. In a process of its own, since native libraries may take it down. */
export const probeMethod = 'attack/probe';
export interface ProbeParams {
  /** An engine's own name. */
  readonly engine: string;
  /** Where TensorFlow.js is looked for. */
  readonly folder: string;
}
export interface ProbeResult {
  readonly works: boolean;
  readonly device: string;
  readonly version: string;
  /** Why not, and what it needs; empty where it works. */
  readonly reason: string;
}
