import type { WebviewPage } from './webview-page.ts';

export const attackPage: WebviewPage = {
  name: 'attack',
  title: 'Leakage attack',
  images: ['extension', 'data'],
  body: `<main>
<section id="setup" aria-label="Attack settings"></section>
<section id="results" aria-label="Reconstructions"></section>
<section id="charts" aria-label="Curves"></section>
<section id="sweep" aria-label="Defence sweep" hidden></section>
</main>`,
};
