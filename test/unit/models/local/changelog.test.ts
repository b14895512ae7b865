import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { named, reading, stated } from './episodes.ts';

const RELEASE = `# axios 1.7.2 (2024-05-21)

### Bug Fixes

- **fetch:** enhance fetch API detection; ([#6413](https://github.com/axios/axios/issues/6413)) ([4f79aef](https://github.com/axios/axios/commit/4f79aef81b7c4644328365bfc33acf0a9ef595bc))
- Fixed a type error [#4815](https://github.com/axios/axios/pull/4815)

### 🚀 New Features

* **Response Timing:** Added \`response.duration\`, also on \`error.response\`. (**[#11214](https://github.com/axios/axios/pull/11214)**)
* **Dependencies:** Updated \`follow-redirects\` to 1.16.1.

### Contributors to this release

- <img src="https://avatars.githubusercontent.com/u/12586868?v&#x3D;4" alt="avatar" width="18"/> [Dmitriy Mozgovoy](https://github.com/DigitalBrainJS '+3/-3 (#6413 )')
- **@lazerg** (**[#11194](https://github.com/axios/axios/pull/11194)**)

**Full Changelog**: https://github.com/axios/axios/compare/v1.7.1...v1.7.2
`;

describe('the notes of a release', () => {
  it('make the release the subject and the section the relation', () => {
    const release = reading(RELEASE);
    expect(stated(release)).toEqual([
      'axios 1.7.2 VERSION_OF axios',
      'axios 1.7.2 FIXES fetch',
      'axios 1.7.2 FIXES API detection',
      'axios 1.7.2 ADDS Response Timing',
      'axios 1.7.2 ADDS response.duration',
      'axios 1.7.2 ADDS error.response',
      'axios 1.7.2 ADDS follow-redirects',
      'axios 1.7.2 ADDS follow-redirects 1.16.1',
      'follow-redirects 1.16.1 VERSION_OF follow-redirects',
    ]);
  });

  it('are understood without their heading', () => {
    const facts = reading(RELEASE).facts.map(({ fact }) => fact);
    expect(facts).toContain('axios 1.7.2 was released on 2024-05-21.');
    expect(facts).toContain('axios 1.7.2, Bug Fixes: fetch: enhance fetch API detection');
    expect(facts).toContain(
      'axios 1.7.2, New Features: Response Timing: Added response.duration, also on error.response.',
    );
  });

  it('hold from the day of the release and end nothing', () => {
    const release = reading(`${RELEASE}\n### Removed\n\n- axios no longer uses \`btoa\`\n`);
    expect(new Set(release.facts.map(({ validAt }) => validAt?.toISOString()))).toEqual(
      new Set(['2024-05-21T00:00:00.000Z']),
    );
    expect(release.ended).toEqual([]);
  });

  it('name things by their kind, and no people', () => {
    expect(named(reading(RELEASE))).toEqual([
      'axios 1.7.2: Version',
      'axios: Package',
      'fetch: Entity',
      'API detection: Entity',
      'Response Timing: Entity',
      'response.duration: Identifier',
      'error.response: Identifier',
      'follow-redirects: Package',
      'follow-redirects 1.16.1: Version',
    ]);
  });

  it('say nothing where they list contributors only', () => {
    const { facts, entities } = reading(`# axios 1.7.2\n\n${RELEASE.slice(RELEASE.indexOf('### Contributors'))}`);
    expect({ facts, entities }).toEqual({ facts: [], entities: [] });
  });

  it('take the package from the title of the changelog', () => {
    const changelog = reading(
      '# Changelog of axios\n\n## [1.7.2](https://x.y) (2024-05-21)\n\n- fixed `toFormData`\n\n## 1.7.1\n\n- added `fetch`\n',
    );
    expect(stated(changelog)).toContain('axios 1.7.2 FIXES toFormData');
    expect(stated(changelog)).toContain('axios 1.7.1 ADDS fetch');
  });

  it('may stand under a topic line', () => {
    expect(stated(reading('Topic: axios 1.7.2\n\nSupport for `FormData` was added.'))).toContain(
      'axios 1.7.2 ADDS FormData',
    );
  });

  it('are read from a real changelog without rubbish', () => {
    const changelog = readFileSync(new URL('../../../../node_modules/axios/CHANGELOG.md', import.meta.url), 'utf8');
    const { entities, facts } = reading(changelog);
    const rubbish = /^(?:the|this release|bug fixes|thanks|contributors|@[\w-]+|.*#\d.*|https?:.*|[0-9a-f]{7,40})$/i;
    expect(facts.length).toBeGreaterThan(100);
    expect(entities.map(({ name }) => name).filter((name) => rubbish.test(name))).toEqual([]);
    expect(facts.filter(({ fact }) => /#\d{2,}|https?:\/\/\w|\*\*|\]\(/.test(fact))).toEqual([]);
  });
});

describe('the notes of a project', () => {
  it('are about the project of the title where they name no other subject', () => {
    const notes = reading('# Harbor\n\n## Storage\n\n- Uses Redis for sessions\n- Mira Okafor leads Harbor\n');
    expect(stated(notes)).toEqual(['Harbor USES Redis', 'Mira Okafor LEADS Harbor']);
    expect(notes.facts[0]?.fact).toBe('Harbor: Uses Redis for sessions');
  });
});
