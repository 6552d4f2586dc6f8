/** What the attack panel's page and the extension say to each other. */
import type { AttackEvent, DefenceChoice } from '../../../src-attack/process/protocol.ts';
import { applyEvent, type RunState } from '../../../src-attack/process/run-state.ts';
import type { VerifyReport } from '../../../src-attack/process/verify-protocol.ts';

/** What the user has chosen; kept when the window reloads. */
export interface Setup {
  readonly methods: readonly string[];
  /** Paths of the pictures: one, or a batch of several; or the path of one captured gradient. */
  readonly images: readonly string[];
  /** Whether several pictures may be chosen. */
  readonly batch: boolean;
  /** One for every picture; null: infer them from the gradient. */
  readonly labels: readonly number[] | null;
  /** Defences as on the command line, separated by spaces; one with a range of levels, `noise:1e-5..1e-1`, is a sweep. */
  readonly defence: string;
  readonly engine: string;
  readonly preprocess: string;
  readonly seed: number;
  /** Of every attack; null: each attack's own. */
  readonly steps: number | null;
}

/** Other pictures: as many labels as there are pictures, new ones the smallest that are not there yet. */
export function withImages(
  setup: Setup,
  images: readonly string[],
  batch: boolean,
): Pick<Setup, 'images' | 'batch' | 'labels'> {
  const labels = setup.labels?.slice(0, Math.max(1, images.length));
  while (labels && labels.length < images.length) {
    let label = 0;
    while (labels.includes(label)) label++;
    labels.push(label);
  }
  return { images, batch, labels: labels ?? null };
}

export interface Choice {
  readonly id: string;
  readonly title: string;
  readonly description: string;
}

export interface ImageChoice extends Choice {
  /** Address of the picture for the page. */
  readonly source: string;
  /** A captured gradient is attacked by itself. */
  readonly kind: 'image' | 'gradient';
}

/** Everything the page shows. */
export interface PanelState {
  /** URI of the model's document or file, and which of its models. */
  readonly model: { readonly uri: string; readonly name: string; readonly summary: string };
  readonly choices: {
    readonly methods: readonly Choice[];
    readonly images: readonly ImageChoice[];
    readonly engines: readonly Choice[];
    readonly defences: readonly DefenceChoice[];
  };
  readonly setup: Setup;
  readonly run: RunState | null;
  readonly map: MapState | null;
}

/** What the gradient of the run's images holds, measured when the user asks for it. */
export interface MapState {
  readonly status: 'running' | 'done' | 'stopped' | 'failed';
  /** How far it is while it runs, and what became of it where it did not come to its end. */
  readonly message: string;
  /** Of the way, 0 to 1. */
  readonly share: number;
  /** null before it is done. */
  readonly report: VerifyReport | null;
  /** Laid over the pictures. */
  readonly shown: boolean;
}

export type ToPage =
  /** `revision`: of the page's last choice that the state contains. */
  | { readonly type: 'state'; readonly state: PanelState; readonly revision: number }
  | { readonly type: 'event'; readonly id: number; readonly event: AttackEvent }
  | { readonly type: 'map'; readonly map: MapState | null };

export type FromPage =
  | { readonly type: 'ready' }
  /** A choice of the user; the page counts them in `revision`. */
  | { readonly type: 'setup'; readonly part: Partial<Setup>; readonly revision: number }
  | { readonly type: 'run' }
  | { readonly type: 'cancel' }
  | { readonly type: 'chooseImage' }
  | { readonly type: 'map'; readonly what: 'measure' | 'cancel' | 'show' | 'hide' }
  | { readonly type: 'export'; readonly what: 'png' | 'json' };

/**
 * What the page shows after a message: a state that was sent before the extension knew of the page's last choice does
 * not take that choice back; one that contains it follows.
 */
export function received(shown: PanelState | undefined, revision: number, message: ToPage): PanelState | undefined {
  if (message.type === 'state') {
    return shown && message.revision < revision ? { ...message.state, setup: shown.setup } : message.state;
  }
  if (message.type === 'map') return shown && { ...shown, map: message.map };
  return shown?.run?.id === message.id ? { ...shown, run: applyEvent(shown.run, message.event) } : shown;
}
