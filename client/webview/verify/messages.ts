/** What extension and page of a measurement say to each other: the page says `ready`, the extension sends its state. */
import type { VerifyReport } from '../../../src-attack/process/verify-protocol.ts';

export interface VerifyState {
  readonly report: VerifyReport;
  /** Pictures to lay the map over. */
  readonly images: readonly { readonly title: string; readonly source: string }[];
}

export interface ToVerifyPage {
  readonly type: 'state';
  readonly state: VerifyState;
}

export interface FromVerifyPage {
  readonly type: 'ready';
}
