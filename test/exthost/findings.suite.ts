import * as assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import * as vscode from 'vscode';
import {
  applyCodeAction,
  closeEditors,
  codeAction,
  codeLenses,
  diagnosticsOf,
  extensionId,
  hoverText,
  openFixture,
  openText,
  rangeOf,
  replaceText,
  ruleOf,
  until,
} from './helpers.ts';

describe('findings while editing', () => {
  let document: vscode.TextDocument;
  before(async () => {
    document = await openFixture('model.ts');
  });
  after(closeEditors);

  it('warn on the layer’s name and link the rule', async () => {
    const diagnostics = await diagnosticsOf(document);
    const soluble = diagnostics.find(diagnostic => ruleOf(diagnostic) === 'soluble-layer');
    assert.ok(soluble, `soluble-layer among ${diagnostics.map(ruleOf).join(', ')}`);
    assert.equal(document.getText(soluble.range), 'conv2d');
    const code = soluble.code as { target: vscode.Uri };
    assert.equal(code.target.toString(), `${vscode.env.uriScheme}://leaklint.leaklint/rules/soluble-layer`);
  });

  it('are explained by a hover with the figures', async () => {
    const text = await hoverText(document, 'conv2d', /rank\(U\)/);
    assert.match(text, /unknowns n/);
    assert.match(text, /rank\(W\)/);
  });

  it('have a lens with r of n, whose command shows the layer report', async () => {
    const [lens] = await codeLenses(document, /^r = \d+ of \d+ .*c\(M\) = /);
    assert.ok(lens?.command);
    await vscode.commands.executeCommand(lens.command.command, ...(lens.command.arguments ?? []));
    const report = await until('layer report', () =>
      vscode.workspace.textDocuments.find(candidate => candidate.uri.scheme === 'leaklint-report'),
    );
    assert.match(report.getText(), /conv2d/);
  });

  it('show in the status item', async () => {
    await vscode.window.showTextDocument(document);
    const api = vscode.extensions.getExtension(extensionId)?.exports as { statusText(): string };
    await until('status with r of n', () => /^r = \d+ of \d+/.test(api.statusText()));
  });

  it('follow edits that are not saved', async () => {
    const text = await openText('typescript', document.getText());
    await diagnosticsOf(text);
    const [before] = await codeLenses(text, /^r = /);
    await replaceText(text, 'kernelSize: 3', 'kernelSize: 5, strides: 4');
    await until('changed lens', async () => {
      const [lens] = await codeLenses(text, /^r = /);
      return lens?.command?.title !== before?.command?.title;
    });
    assert.ok(text.isDirty);
  });

  it('go away when they are suppressed by the quick fix', async () => {
    const copy = await openText('typescript', document.getText());
    const diagnostics = await diagnosticsOf(copy);
    const soluble = diagnostics.find(diagnostic => ruleOf(diagnostic) === 'soluble-layer');
    assert.ok(soluble);
    await applyCodeAction(await codeAction(copy, soluble.range, 'Suppress soluble-layer for this line'));
    assert.match(copy.getText(), /^\s*\/\/ leaklint-disable-next-line soluble-layer$/m);
    await diagnosticsOf(copy, now =>
      now.every(d => ruleOf(d) !== 'soluble-layer' || !d.range.isEqual(rangeOf(copy, 'conv2d'))),
    );
  });

  it('are explained by a page that comes with the extension', async () => {
    const diagnostics = await diagnosticsOf(document);
    const action = await codeAction(document, diagnostics[0]!.range, `Explain ${ruleOf(diagnostics[0]!)}`);
    await applyCodeAction(action);
    await until('preview', () =>
      vscode.window.tabGroups.all.flatMap(group => group.tabs).some(tab => /Preview/.test(tab.label)),
    );
  });

  it('come back after the server was restarted', async () => {
    await vscode.window.showTextDocument(document);
    await vscode.commands.executeCommand('leaklint.restartServer');
    await diagnosticsOf(document);
  });
});
