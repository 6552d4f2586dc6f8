import type { WebviewPage } from './webview-page.ts';

export const onnxPage: WebviewPage = {
  name: 'onnx',
  title: 'ONNX layers',
  body: `<header id="summary"></header>
<div id="tools" role="search" aria-label="Layers" hidden></div>
<main id="layers" aria-label="Layers"><p class="note">Reading the model…</p></main>
<footer id="detail" aria-live="polite"></footer>`,
};
