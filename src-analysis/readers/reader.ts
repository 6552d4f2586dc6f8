import type { ModelGraph, Range } from '../model/graph.ts';

/** A file to read. `text` for source code and JSON, `bytes` for binary formats. */
export interface SourceFile {
  /** Path or URI as the user knows it; used for messages and to pick the reader by extension. */
  readonly path: string;
  readonly text?: string;
  readonly bytes?: Uint8Array;
  /** Gives the reader other files, where it may have them. */
  readonly related?: RelatedFiles;
}

/** Files beside the one that is read, for code that imports from others. Paths are those of {@link SourceFile}. */
export interface RelatedFiles {
  /** Text of a file; undefined where there is none, or none that may be read. Never throws. */
  readonly read: (path: string) => string | undefined;
  /** Paths of files whose text imports from the given one, as far as they are known; few, the nearest first. */
  readonly importers: (path: string) => readonly string[];
  /** Paths of HTML pages that load the given file by a script element, the nearest first. */
  readonly pages?: (path: string) => readonly string[];
  /** Bytes of a file of any kind, without reading it; undefined where there is none. */
  readonly size?: (path: string) => number | undefined;
  /** A few bytes of a file of any kind; undefined where there are not as many, or more than 4096 are asked for. */
  readonly bytes?: (path: string, start: number, length: number) => Uint8Array | undefined;
}

/** Asks long work to stop. Checked at least every few milliseconds of work. */
export interface CancellationToken {
  readonly isCancellationRequested: boolean;
}

export const neverCancelled: CancellationToken = { isCancellationRequested: false };

/** Thrown out of readers and analysis only when the token asked for it; nothing else may escape them. */
export class Cancelled extends Error {
  constructor() {
    super('cancelled');
    this.name = 'Cancelled';
  }
}

export function throwIfCancelled(token: CancellationToken): void {
  if (token.isCancellationRequested) throw new Cancelled();
}

export interface ReadError {
  /** What is wrong, where, and what to do, in one or two sentences. */
  readonly message: string;
  readonly range?: Range;
}

/** A comment of the source text; suppression directives are looked for in these. */
export interface Comment {
  readonly range: Range;
  /** Text without the comment marks. */
  readonly text: string;
}

/** What a reader understood, and what it did not. Readers never throw on bad input (except {@link Cancelled}). */
export interface ReadResult {
  readonly models: readonly ModelGraph[];
  readonly errors: readonly ReadError[];
  readonly comments: readonly Comment[];
}

export type Reader = (file: SourceFile, cancel: CancellationToken) => ReadResult;
