import { access } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { type Browser, chromium } from 'playwright-core';
import { libraryPathOf } from '../src/embedded/libraries.ts';
import { unpackedFolder } from '../src/embedded/unpack-packages.ts';

/** A Chromium that runs on this machine. */
export interface Chromium {
  readonly program: string;
  /** What it needs in its environment in addition to that of this process. */
  readonly environment: Readonly<Record<string, string>>;
}

const PROGRAMS = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
/** Packages whose names do not follow from the names of their libraries. */
const ODD_NAMES = [
  ...['libatk1.0-0', 'libatk-bridge2.0-0', 'libatspi2.0-0', 'libglib2.0-0', 'libharfbuzz0b', 'libjpeg62-turbo'],
  ...['libnspr4', 'libnss3', 'libvorbis0a', 'libvorbisenc2', 'libpulse0'],
];
const TARGET = {
  name: 'chromium',
  packages: ['chromium', 'chromium-common', 'fonts-inter', ...ODD_NAMES],
  programs: (folder: string) => [join(folder, 'usr', 'lib', 'chromium', 'chromium')],
  librarySubfolders: ['pulseaudio'],
};

/** Chromium from the PATH, or else unpacked from Debian's packages into the cache folder; a sentence where there is none. */
export async function findChromium(): Promise<Chromium | string> {
  for (const folder of (process.env.PATH ?? '').split(delimiter))
    for (const name of PROGRAMS)
      if (await isThere(join(folder, name))) return { program: join(folder, name), environment: {} };
  try {
    const folder = await unpackedFolder(TARGET, { env: process.env, announce: () => {} });
    const libraries = (await libraryPathOf(folder, TARGET.librarySubfolders)) ?? '';
    // The unpacked fonts lie below XDG_DATA_HOME/fonts, where fontconfig looks for a user's own.
    const environment = { LD_LIBRARY_PATH: libraries, XDG_DATA_HOME: join(folder, 'usr', 'share') };
    return { program: TARGET.programs(folder)[0] ?? '', environment };
  } catch (error) {
    return `Chromium could not be found or unpacked: ${(error as Error).message}`;
  }
}

export const openBrowser = ({ program, environment }: Chromium): Promise<Browser> =>
  chromium.launch({
    executablePath: program,
    env: { ...(process.env as Record<string, string>), ...environment },
    // Tests may run as root in a container, where Chromium's own sandbox cannot be set up.
    args: ['--no-sandbox', '--disable-gpu', '--font-render-hinting=none'],
  });

const isThere = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );
