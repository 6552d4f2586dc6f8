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

/** An attack run on one model and one image, or a batch of them. */
export interface AttackSpec {
  readonly model: ModelChoice;
  /** Pictures (PNG or JPEG) whose gradient is simulated, or a captured gradient (safetensors or npz) without them. */
  readonly source:
    | { readonly kind: 'image'; readonly paths: readonly string[] }
    | { readonly kind: 'gradient'; readonly path: string };
  /** Class of every image, in their order; null: inferred from the gradient. */
  readonly labels: readonly number[] | null;
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
  /** What the client does against leakage, in this order: `clip:1`, `noise:0.01`. */
  readonly defences?: readonly string[];
  /** One more defence at rising levels, after the others: `noise:1e-5..1e-1`. */
  readonly sweep?: string;
}

/** A PNG as base64, with its size in pixels. */
export interface PngPicture {
  readonly png: string;
  readonly width: number;
  readonly height: number;
}

/** Scores of a reconstruction against the target, on images clamped to [0, 1]; of a batch the means. */
export interface Scores {
  /** −10·log10(MSE), dB; null when the pictures are equal (the value would be infinite). */
  readonly psnr: number | null;
  readonly ssim: number;
  readonly mse: number;
}

/** One image of a batch. */
export interface ImageScores extends Scores {
  /** Label of the place of the batch that the reconstruction stands at. */
  readonly label: number;
  readonly pixelExact: boolean;
}

/** The swept defence, before any of its levels is run. */
export interface SweepPlan {
  readonly defence: string;
  /** Name and meaning of the setting that varies. */
  readonly parameter: string;
  readonly meaning: string;
  readonly levels: readonly number[];
}

/** One method against one level of the swept defence. */
export interface SweepResult {
  /** Index of the level. */
  readonly level: number;
  /** What the defence did at this level, in words. */
  readonly description: string;
  readonly method: string;
  readonly status: 'done' | 'cancelled' | 'failed';
  readonly scores: Scores | null;
  /** The first image's reconstruction. */
  readonly picture: PngPicture | null;
  readonly note: string;
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
      /** The images under attack; none for a captured gradient: nobody knows them. */
      readonly targets: readonly PngPicture[];
      readonly labels: readonly number[];
      readonly labelFrom: 'given' | 'inferred';
      readonly seed: number;
      readonly methods: readonly string[];
      /** What every defence did, in words; empty without one. */
      readonly defence: readonly string[];
      readonly sweep: SweepPlan | null;
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
      /** One an image, matched to the targets. */
      readonly pictures?: readonly PngPicture[];
    }
  | {
      readonly type: 'result';
      readonly method: string;
      readonly step: number;
      readonly seconds: number;
      readonly scores: Scores | null;
      /** One an image of a batch, in the targets' order; empty without targets. */
      readonly images: readonly ImageScores[];
      /** ‖g(x) − g*‖²/‖g*‖² of the reconstruction's gradient against the observed one. */
      readonly residual: number;
      readonly pictures: readonly PngPicture[];
      /** Loss after each recorded step. */
      readonly loss: readonly number[];
      readonly note: string;
      /** The figure and the command line's JSON of all results so far. */
      readonly figure: PngPicture;
      readonly report: unknown;
    }
  | { readonly type: 'method-failed'; readonly method: string; readonly message: string }
  /** A method is at work against a level of the swept defence. */
  | {
      readonly type: 'sweep-progress';
      readonly level: number;
      readonly method: string;
      readonly step: number;
      /** Steps of this method at this level, as far as known. */
      readonly steps: number | null;
    }
  | { readonly type: 'sweep-result'; readonly result: SweepResult; readonly report: unknown }
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

/** A kind of defence as a form offers it. */
export interface DefenceChoice extends AttackChoice {
  /** Written out with a value, `noise:0.01`. */
  readonly example: string;
  /** A sweep over its whole range, `noise:1e-6..1e-1`; empty where it has no level. */
  readonly sweep: string;
}

/** The attacks and defences there are, and the engines that this machine can run. */
export interface AttackChoices {
  readonly methods: readonly AttackChoice[];
  readonly defences: readonly DefenceChoice[];
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
