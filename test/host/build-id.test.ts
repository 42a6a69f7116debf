import { describe, expect, it } from 'vitest';
import { installedBuild, isNewer, versionOf } from '../../host/build-id.js';

describe('a build', () => {
  it('has the version of the package and a hash of its code', () => {
    const { version, id } = installedBuild();
    expect(id).toMatch(new RegExp(`^${version.replaceAll('.', '\\.')}\\+[0-9a-f]{12}$`));
    expect(versionOf(id)).toBe(version);
  });

  it.each([
    ['0.1.1', '0.1.0', true],
    ['0.10.0', '0.9.9', true],
    ['1.0.0', '0.99.99', true],
    ['0.1.0', '0.1.0', false],
    ['0.1.0-rc.1', '0.1.0', false],
    ['0.1.0', '0.1.1', false],
    ['no version', '0.0.0', false],
  ])('%s is newer than %s: %s', (version, than, expected) => {
    expect(isNewer(version, than)).toBe(expected);
  });
});
