import type { Random } from '../optimisers/random.ts';

/** A defence or sweep that cannot be read; the message says what there is. */
export class DefenceError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'DefenceError';
  }
}

/** One number for every entry of every parameter, in the parameters' order and layout. */
export type Tensors = readonly Float64Array[];

/** What of a gradient's scale an observer can still rely on. */
export type Scale =
  /** It is the gradient's own. */
  | 'kept'
  /** One unknown factor on the whole gradient. */
  | 'factor'
  /** One unknown factor on every tensor. */
  | 'lost'
  /** Nobody knows what was done to it: it was captured. */
  | 'unknown';

/** What a defence makes of an update. */
export interface Protected {
  /** Parts whose mean is shared: one an example while the examples are apart, else a single one. */
  readonly parts: readonly Tensors[];
  /** What was done, with its numbers, for the report. */
  readonly words: string;
  readonly scale: Scale;
}

/** Steps of gradient descent on the client before it shares anything. */
export interface LocalSteps {
  readonly steps: number;
  readonly rate: number;
  /** Whether the attacker, who knows steps and rate, simulates them; else what is shared is taken for one gradient. */
  readonly simulated: boolean;
}

/** What a defence changes in the training step itself. */
export interface TrainingChange {
  /** Examples in the batch, the ones under attack included. */
  readonly batchSize?: number;
  readonly localSteps?: LocalSteps;
}

/** One defence with its settings: it changes the training step, or what the step shares. */
export interface Defence {
  /** As it would be written again: `noise:0.01`. */
  readonly spec: string;
  readonly training?: TrainingChange;
  /** Whether it treats every example's gradient by itself, as DP-SGD clips. */
  readonly perExample?: boolean;
  readonly protect?: (parts: readonly Tensors[], random: Random) => Protected;
}

export interface Parameter {
  readonly name: string;
  /** In words, with the unit. */
  readonly meaning: string;
  readonly integer?: boolean;
  readonly least: number;
  /** Whether `least` itself is allowed. */
  readonly open?: boolean;
  readonly most?: number;
  /** Without one the parameter must be given. */
  readonly preset?: number;
}

/** A kind of defence: its settings and how they become a {@link Defence}. */
export interface DefenceKind {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  /** The setting that stands right after the colon and that a sweep varies; null where there is none. */
  readonly parameter: Parameter | null;
  /** Further settings, `name=value`. */
  readonly options: readonly Parameter[];
  /** Settings that are on when they are named. */
  readonly flags: readonly string[];
  /** Written out, for help and forms. */
  readonly example: string;
  /** Levels of a sweep that show the whole range from harmless to destroyed, `1e-5..1e-1`. */
  readonly levels: string;
  create(settings: Settings): Defence;
}

/** Settings by name, presets filled in. */
export interface Settings {
  readonly spec: string;
  readonly value: (name: string) => number;
  readonly has: (flag: string) => boolean;
}

/** The mean of the parts, as one update. */
export function mean(parts: readonly Tensors[]): Tensors {
  const [first, ...others] = parts;
  if (!first || others.length === 0) return first ?? [];
  return first.map((tensor, l) =>
    tensor.map((value, i) => others.reduce((sum, part) => sum + part[l]![i]!, value) / parts.length),
  );
}

/** ‖·‖₂ over all tensors together. */
export function normOf(tensors: Tensors): number {
  let sum = 0;
  for (const tensor of tensors) for (const value of tensor) sum += value * value;
  return Math.sqrt(sum);
}

export function entriesOf(tensors: Tensors): number {
  return tensors.reduce((sum, tensor) => sum + tensor.length, 0);
}

/** Three significant digits, as reports print levels. */
export function short(value: number): string {
  return String(Number(value.toPrecision(3)));
}
