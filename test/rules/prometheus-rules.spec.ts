import { format, resolveConfig } from 'prettier';
import { describe, expect, test } from 'vitest';
import { printYaml } from '../../src/core/yaml/index.js';
import { RULES } from '../../src/platform/alerting/rules/catalogue.js';
import { prometheusRules } from '../../src/platform/alerting/rules/prometheus-rules.js';

const FILE = '../../docker/prometheus/rules/gleaner.yml';
const HEAD = `# The alert rules of Gleaner for Prometheus. Written by test/rules/prometheus-rules.spec.ts from those that Gleaner
# evaluates itself: after a change of src/platform/alerting/rules, npx vitest run test/rules/prometheus-rules -u.
# With rules of your own (ALERT_RULES_FILE), gleaner alerts prometheus-rules prints the same.
`;

describe('docker/prometheus/rules', () => {
  test('are the rules that Gleaner has', async () => {
    const file = HEAD + printYaml(prometheusRules(RULES, 'docs/runbooks'));
    const formatted = await format(file, { ...(await resolveConfig('x.yml')), parser: 'yaml' });
    await expect(formatted).toMatchFileSnapshot(FILE);
  });
});
