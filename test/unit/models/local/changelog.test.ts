import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { oneLine } from '../../../../src/text.ts';
import { named, reading, stated } from './episodes.ts';

describe('a changelog', () => {
  const notes = `# axios 1.7.2 (2024-05-21)

### Bug Fixes

- **fetch:** enhance fetch API detection; ([#6413](https://github.com/axios/axios/issues/6413)) ([4f79aef](https://github.com/axios/axios/commit/4f79aef81b7c4644328365bfc33acf0a9ef595bc))
- Updated \`follow-redirects\` to 1.16.1, axios 1.7.2 requires it, also on \`error.response\`.
`;

  it('yields packages, versions and identifiers with their kinds', () => {
    expect(named(reading(notes))).toEqual(
      expect.arrayContaining(['follow-redirects: Package', 'axios 1.7.2: Version', 'error.response: Identifier']),
    );
    expect(stated(reading(notes))).toContain('axios 1.7.2 VERSION_OF axios');
  });

  it('belongs to the release in its heading, from the release date on', () => {
    const [release] = reading(notes).facts;
    expect(release).toMatchObject({
      source: 'axios 1.7.2',
      target: 'axios',
      validAt: new Date('2024-05-21T00:00:00Z'),
    });
  });

  it('of a real project is read without garbage', () => {
    const changelog = readFileSync(new URL('../../../../node_modules/axios/CHANGELOG.md', import.meta.url), 'utf8');
    const { entities, facts } = reading(changelog);
    const rubbish = /^(?:the|this release|bug fixes|thanks|contributors|@[\w-]+|.*#\d.*|https?:.*|[0-9a-f]{7,40})$/i;
    expect(entities.length).toBeGreaterThan(50);
    expect(entities.map(({ name }) => name).filter((name) => rubbish.test(name))).toEqual([]);
    const said = facts.filter(({ relation }) => relation !== 'VERSION_OF').map(({ fact }) => fact);
    expect(said.filter((fact) => !oneLine(changelog).includes(fact))).toEqual([]);
  });
});
