import * as assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import * as vscode from 'vscode';
import { extensionId, openFixture, until } from './helpers.ts';

describe('activation', () => {
  it('starts with the first model file that is opened', async () => {
    const extension = vscode.extensions.getExtension(extensionId);
    assert.ok(extension, 'the extension under test is loaded');
    await openFixture('model.ts');
    await until('activation', () => extension.isActive);
  });

  it('registers every command that the manifest contributes', async () => {
    const manifest = vscode.extensions.getExtension(extensionId)?.packageJSON;
    const contributed: { command: string }[] = manifest.contributes.commands;
    const registered = await vscode.commands.getCommands(true);
    assert.ok(contributed.length > 0);
    assert.deepEqual(
      contributed.map(({ command }) => command).filter(command => !registered.includes(command)),
      [],
    );
  });

  it('knows the languages that the manifest contributes', async () => {
    const manifest = vscode.extensions.getExtension(extensionId)?.packageJSON;
    const contributed: { id: string }[] = manifest.contributes.languages ?? [];
    const known = await vscode.languages.getLanguages();
    assert.deepEqual(
      contributed.map(({ id }) => id).filter(id => !known.includes(id)),
      [],
    );
  });
});
