import { readFileSync, writeFileSync } from 'node:fs';
import { format, resolveConfig } from 'prettier';
import { aimLine, type BenchmarkReport, digits, type Report } from './report.ts';

/** Replaces the results of these benchmarks in a document, between the marks that it has for each. */
export async function writeResults(file: string, report: Report): Promise<void> {
  let text = readFileSync(file, 'utf8');
  for (const benchmark of report.benchmarks) {
    const [begin, end] = [`<!-- results of ${benchmark.name} -->`, `<!-- end of ${benchmark.name} -->`];
    const from = text.indexOf(begin);
    const to = text.indexOf(end);
    if (from === -1 || to < from)
      throw new Error(`${file} has no place for results: expected "${begin}" and "${end}"`);
    text = `${text.slice(0, from + begin.length)}\n\n${section(benchmark, report)}\n\n${text.slice(to)}`;
  }
  const options = await resolveConfig(file);
  writeFileSync(file, await format(text, { ...options, filepath: file }));
}

function section({ measures, aims, notes }: BenchmarkReport, report: Report): string {
  const { cpu, cores, node } = report.machine;
  return [
    `${report.startedAt.slice(0, 10)}, ${cpu}, ${cores} cores, Node ${node}, ${report.rounds} rounds.`,
    '',
    '| | median | min | max | |',
    '| --- | ---: | ---: | ---: | --- |',
    ...measures.map(
      ({ what, unit, median, min, max }) =>
        `| ${what} | ${digits(median)} | ${digits(min)} | ${digits(max)} | ${unit} |`,
    ),
    '',
    ...aims.map((aim) => `- ${aimLine(aim)}`),
    ...notes.map((note) => `- note: ${note}`),
  ].join('\n');
}
