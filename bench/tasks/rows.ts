import type { Row } from '../table.ts';
import type { TaskResult } from './run.ts';

const sum = (results: readonly TaskResult[], value: (result: TaskResult) => number): number =>
  results.reduce((total, result) => total + value(result), 0);

/** The figures of the tasks, for docs/performance.md. */
export function rowsOf(results: readonly TaskResult[], model: string): Row[] {
  const right = (which: 'with' | 'without') => results.filter((result) => result[which].isRight).length;
  const [withMemory, without] = [sum(results, (it) => it.with.tokens), sum(results, (it) => it.without.tokens)];
  const [given, bearing] = [sum(results, (it) => it.given), sum(results, (it) => it.bearing)];
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
      figure: 'lines of briefing and recall that bear on the task',
      measured: `${bearing} of ${given} = ${Math.round((100 * bearing) / given)} %`,
      goal: '≥ 80 %',
      reached: bearing >= 0.8 * given,
    },
  ];
}
