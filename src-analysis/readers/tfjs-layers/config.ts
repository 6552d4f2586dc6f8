/**
 * Values of a layer's configuration as both TensorFlow.js readers hand them over: keys are the camelCase ones of the
 * code API (`kernelSize`), whatever the file writes.
 */

const unknownMark: unique symbol = Symbol('unknown configuration value');

/** A value that the reader cannot know without running the program. */
export interface Unknown {
  readonly [unknownMark]: true;
  /** Why it is not known, as a clause: "the argument of build() is not known here". */
  readonly unknown: string;
}

export type ConfigValue =
  | null
  | undefined
  | boolean
  | number
  | string
  | readonly ConfigValue[]
  | { readonly [key: string]: ConfigValue }
  | Unknown;

/**
 * A layer's configuration. Own properties only are read. Layers inside a configuration (`layer` of a wrapper, `cell`
 * of an RNN, `cells` of stacked cells) and parametrised initializers are `{ className, config }` objects.
 */
export type LayerConfig = Readonly<Record<string, ConfigValue>>;

/** Makes the marker of a value that cannot be known, with the reason. */
export function unknown(reason: string): Unknown {
  return { [unknownMark]: true, unknown: reason };
}

export function isUnknown(value: unknown): value is Unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, unknownMark);
}
