/** What the ONNX table's page and the extension say to each other. */
import type { OnnxTable } from '../../../server/protocol.ts';

export interface ToOnnxPage {
  readonly type: 'table';
  /** Name of the file. */
  readonly file: string;
  readonly table: OnnxTable;
}

export type FromOnnxPage =
  | { readonly type: 'ready' }
  | { readonly type: 'attack'; readonly model: string }
  /** Open the file as text, at a layer where one is named. */
  | { readonly type: 'text'; readonly layer?: string };

export type VerdictFilter = 'all' | 'soluble' | 'deficient' | 'unknown';

/** How the table is looked at; kept when the page is hidden or the window reloads. */
export interface View {
  readonly filter: string;
  readonly verdict: VerdictFilter;
  /** Index of the column sorted by; null keeps the model's order. */
  readonly sort: number | null;
  readonly descending: boolean;
}

export const initialView: View = { filter: '', verdict: 'all', sort: null, descending: false };
