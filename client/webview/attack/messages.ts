/** What the attack panel's page and the extension say to each other. */
import type { AttackEvent } from '../../../src-attack/process/protocol.ts';
import type { RunState } from '../../../src-attack/process/run-state.ts';

/** What the user has chosen; kept when the window reloads. */
export interface Setup {
  readonly methods: readonly string[];
  /** Path of the picture. */
  readonly image: string;
  /** null: infer the label from the gradient. */
  readonly label: number | null;
  readonly engine: string;
  readonly preprocess: string;
  readonly seed: number;
}

export interface Choice {
  readonly id: string;
  readonly title: string;
  readonly description: string;
}

export interface ImageChoice extends Choice {
  /** Address of the picture for the page. */
  readonly source: string;
}

/** Everything the page shows. */
export interface PanelState {
  /** URI of the model's document or file, and which of its models. */
  readonly model: { readonly uri: string; readonly name: string; readonly summary: string };
  readonly choices: {
    readonly methods: readonly Choice[];
    readonly images: readonly ImageChoice[];
    readonly engines: readonly Choice[];
  };
  readonly setup: Setup;
  readonly run: RunState | null;
}

export type ToPage =
  | { readonly type: 'state'; readonly state: PanelState }
  | { readonly type: 'event'; readonly id: number; readonly event: AttackEvent };

export type FromPage =
  | { readonly type: 'ready' }
  | { readonly type: 'setup'; readonly setup: Setup }
  | { readonly type: 'run' }
  | { readonly type: 'cancel' }
  | { readonly type: 'chooseImage' }
  | { readonly type: 'export'; readonly what: 'png' | 'json' };
