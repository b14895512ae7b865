import type { Row } from '../table.ts';
import type { TaskResult } from './run.ts';
import { contextLines, isEvidence } from './score.ts';

const sum = (results: readonly TaskResult[], value: (result: TaskResult) => number): number =>
  results.reduce((total, result) => total + value(result), 0);

/** The figures of the tasks, for docs/performance.md. */
export function rowsOf(results: readonly TaskResult[], model: string): Row[] {
  const right = (which: 'with' | 'without') => results.filter((result) => result[which].isRight).length;
  const [withMemory, without] = [
    sum(results, (result) => result.with.tokens),
    sum(results, (result) => result.without.tokens),
  ];
  const shares = (memoryOf: (result: TaskResult) => string) => {
    const lines = results.flatMap((result) =>
      contextLines(memoryOf(result)).map((line) => isEvidence(result.task, line)),
    );
    const bearing = lines.filter(Boolean).length;
    return {
      share: bearing / lines.length,
      text: `${bearing} of ${lines.length} = ${Math.round((100 * bearing) / lines.length)} %`,
    };
  };
  const [atOnce, inTwoSteps] = [shares((result) => result.atOnce), shares((result) => result.inTwoSteps)];
  return [
    {
      figure: `${results.length} tasks of an agent (${model}), right with / without the memory`,
      measured: `${right('with')} / ${right('without')}`,
      goal: 'more with',
      reached: right('with') > right('without'),
    },
    {
      figure: 'tokens with / without the memory',
      measured: `${withMemory.toLocaleString('en')} / ${without.toLocaleString('en')} = ${(withMemory / without).toFixed(2)} ×`,
      goal: 'fewer with',
      reached: withMemory < without,
    },
    {
      figure: 'lines of briefing and recall that bear on the task, given with the first message',
      measured: atOnce.text,
      goal: '≥ 80 %',
      reached: atOnce.share >= 0.8,
    },
    {
      figure: 'the same where the briefing is given before the first message (`SessionStart`)',
      measured: inTwoSteps.text,
      goal: '≥ 80 %',
      reached: inTwoSteps.share >= 0.8,
    },
  ];
}
