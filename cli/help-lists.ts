import type { Command } from 'commander';

export interface HelpList {
  readonly title: string;
  /** A term and what it is. */
  readonly rows: readonly (readonly [term: string, description: string])[];
}

/** Adds lists after a command's options, set as commander sets its own: to the terminal's width, descriptions in a column. */
export function addHelpLists(command: Command, lists: () => readonly HelpList[], examples: readonly string[]): Command {
  return command.addHelpText('after', () => {
    const helper = command.createHelp();
    helper.prepareContext({ helpWidth: command.configureOutput().getOutHelpWidth?.() ?? 80 });
    const parts = lists().flatMap(({ title, rows }) => {
      const width = Math.max(...rows.map(([term]) => term.length));
      return ['', `${title}:`, ...rows.map(([term, text]) => helper.formatItem(term, width, text, helper))];
    });
    return [...parts, '', 'Examples:', ...examples.map(line => `  ${line}`)].join('\n');
  });
}
