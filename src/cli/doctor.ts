import { printable } from '../text.ts';
import type { Command } from './command.ts';
import type { Finding, Level } from './doctor/finding.ts';
import { coloured, count } from './terminal/output.ts';

export const command: Command = {
  help: `memory-manager doctor

Checks the memory of this folder and of this machine: home folder and disk, settings, agents and
their hooks, whether the last capture and recall worked, servers, workers, models and archives. Each
line is a finding: ok, warning or problem, with the command that helps. Sends each model one
small request. Changes nothing and prints no secret. Exit status 1 when there is a problem.

  --group <name>  the memory to look at (default: the one that agents use in this folder)
  --json          {"problems", "warnings", "findings": [{"level", "about", "message"}, …]}`,
  options: {},
  // Each has a finding of its own.
  unknownSettings: 'none',
  arguments: [0, 0],
  run: async (call) => {
    const { runDoctorChecks } = await import('./doctor/examine.ts');
    const findings = await runDoctorChecks({ directory: process.cwd(), environment: process.env, group: call.group });
    const [problems, warnings] = [countOf('problem', findings), countOf('warning', findings)];
    if (call.json) console.log(JSON.stringify({ problems, warnings, findings }));
    else process.stdout.write(`${[...lines(findings), verdict(problems, warnings)].join('\n')}\n`);
    return problems > 0 ? 1 : 0;
  },
};

const countOf = (level: Level, findings: readonly Finding[]): number =>
  findings.filter((finding) => finding.level === level).length;

const COLOURS = { ok: 'green', warning: 'yellow', problem: 'red' } as const;

function lines(findings: readonly Finding[]): string[] {
  const width = Math.max(...findings.map(({ about }) => about.length));
  return findings.map(
    ({ level, about, message }) =>
      `${coloured(COLOURS[level], level)}${' '.repeat(9 - level.length)}${printable(`${about.padEnd(width)}  ${message.replace(/\s+/g, ' ')}`)}`,
  );
}

function verdict(problems: number, warnings: number): string {
  if (problems + warnings === 0) return 'All well.';
  const minor = warnings > 0 ? count(warnings, 'warning') : '';
  if (problems === 0) return `No problem, ${minor}.`;
  return `${count(problems, 'problem')}${minor && `, ${minor}`}.`;
}
