/** A run as one HTML file: the panel's page with its state inside, readable without VS Code and without a network. */
import type { RunState } from '../process/run-state.ts';

/** What the page needs to draw a run. */
export interface SavedRun {
  readonly model: { readonly name: string; readonly summary: string };
  readonly run: RunState | null;
}

/** The page's bundled script and style, as text. */
export interface PageAssets {
  readonly script: string;
  readonly style: string;
}

/** Throws when an asset would end its own element early, which a bundle of ours never does. */
export function htmlReport(saved: SavedRun, { script, style }: PageAssets, nonce: string): string {
  if (/<\/script/i.test(script) || /<\/style/i.test(style)) throw new Error('the page’s bundle closes its own element');
  // Names come from the model's file: no text of the state may end the element it stands in.
  const state = JSON.stringify(saved).replaceAll('<', '\\u003c');
  const policy = `default-src 'none'; script-src 'nonce-${nonce}'; style-src 'nonce-${nonce}'; img-src data:`;
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Leakage attack</title>
<style nonce="${nonce}">${style}</style>
</head>
<body>
<main>
<section id="setup"></section>
<section id="results" aria-label="Reconstructions"></section>
<section id="charts" aria-label="Curves"></section>
<section id="sweep" aria-label="Defence sweep" hidden></section>
</main>
<script type="application/json" id="report-state">${state}</script>
<script nonce="${nonce}">${script}</script>
</body>
</html>
`;
}
