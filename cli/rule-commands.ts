import { readFile } from 'node:fs/promises';
import * as path from 'node:path';
import type { Command } from 'commander';
import { didYouMean } from '../src-analysis/findings/did-you-mean.ts';
import { tableLines } from '../src-analysis/reports/table.ts';
import { ruleMetas } from '../src-analysis/rules/registry.ts';
import { type Environment, UserError } from './environment.ts';

/** `leaklint rules` and `leaklint explain RULE`. */
export function addRuleCommands(program: Command, environment: Environment): void {
  program
    .command('rules')
    .description('list the rules with their default severities and options')
    .action(() => environment.write(ruleList()));
  program
    .command('explain')
    .description("print a rule's page")
    .argument('<rule>', 'rule id')
    .action(async (rule: string) => environment.write(await rulePage(rule, environment.root)));
}

function ruleList(): string {
  const columns = [
    { title: 'rule', align: 'left' },
    { title: 'severity', align: 'left' },
    { title: 'what it reports', align: 'left' },
  ] as const;
  const rows = ruleMetas.map(meta => [meta.id, meta.offByDefault ? 'off' : meta.defaultSeverity, meta.description]);
  const options = ruleMetas.flatMap(meta =>
    Object.entries(meta.options).map(
      ([name, option]) =>
        `${meta.id}: ${name} = ${option.default} (${option.minimum} to ${option.maximum}). ${option.description}`,
    ),
  );
  return `${[...tableLines(columns, rows), '', 'Options', ...options].join('\n')}\n`;
}

async function rulePage(rule: string, root: string): Promise<string> {
  const ids = ruleMetas.map(meta => meta.id);
  if (!ids.includes(rule))
    throw new UserError(`there is no rule '${rule}'${didYouMean(rule, ids)}; leaklint rules lists them`);
  return readFile(path.join(root, 'docs', 'rules', `${rule}.md`), 'utf8');
}
