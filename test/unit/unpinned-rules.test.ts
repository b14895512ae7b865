import { expect, test } from 'vitest';
import { userText } from '../../src/briefing/typed-by-user.ts';
import { ruleHash, unpinnedRules, withoutUnpinnedRules, withUnpinnedRules } from '../../src/unpinned-rules.ts';

const TURN = { kind: 'turn', host: 'codex', session: 's', message: 'm', tools: ['x'.repeat(5000)] };

test('ended rules stand at the beginning of long metadata, which are still those of a turn', () => {
  const metadata = withUnpinnedRules(JSON.stringify(TURN), [ruleHash('Never deploy.')]);
  const beginning = metadata.slice(0, 2000);

  expect(unpinnedRules(beginning)).toEqual(new Set([ruleHash('never  deploy.')]));
  expect(userText('user: Never deploy.', beginning)).toBe('Never deploy.');
  expect(withoutUnpinnedRules(JSON.parse(metadata))).toEqual(TURN);
});

test('each ended rule is noted once, and other rules are none of them', () => {
  const once = withUnpinnedRules('{"kind":"rule"}', [ruleHash('Use pnpm.')]);

  expect(withUnpinnedRules(once, [ruleHash('Use pnpm.')])).toBe(once);
  expect(unpinnedRules(once).has(ruleHash('Use npm.'))).toBe(false);
  expect([unpinnedRules(null), unpinnedRules('{"unpinned":["x"]}')]).toEqual([new Set(), new Set()]);
});
