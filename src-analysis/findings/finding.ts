import type { Range } from '../model/graph.ts';

export type Severity = 'error' | 'warning' | 'info';

/** One thing to tell the user, in offsets; adapters turn it into LSP diagnostics, SARIF results or lines of text. */
export interface Finding {
  readonly ruleId: string;
  readonly severity: Severity;
  /** One or two sentences. States conditions; never says "safe". */
  readonly message: string;
  /** Absent for binary models. */
  readonly range?: Range;
  readonly model?: string;
  /** Layer name, for layer-level findings. */
  readonly layer?: string;
  readonly helpUri: string;
  /** Places in the same file that explain the finding, such as the layer that decides it. */
  readonly related?: readonly { readonly message: string; readonly range?: Range }[];
}
