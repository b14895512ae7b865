import { readFile } from 'node:fs/promises';

/** The distribution that this machine runs. */
export interface Release {
  /** `debian`, `ubuntu`, … or `linux` where the file does not say. */
  id: string;
  /** The name that apt sources use, as `bookworm`; undefined where there is none. */
  codename?: string;
}

/** Reads /etc/os-release. A derivative counts as the Debian or Ubuntu it is built on. */
export function parseRelease(text: string): Release {
  const values = new Map<string, string>();
  for (const [, key, value] of text.matchAll(/^([A-Z_]+)=["']?(.*?)["']?$/gm))
    values.set(key as string, value as string);
  const id = values.get('ID') ?? 'linux';
  const ubuntu = values.get('UBUNTU_CODENAME');
  if (ubuntu) return { id: 'ubuntu', codename: ubuntu };
  const debian = values.get('DEBIAN_CODENAME');
  if (debian) return { id: 'debian', codename: debian };
  const codename = values.get('VERSION_CODENAME');
  return codename ? { id, codename } : { id };
}

export async function readRelease(): Promise<Release> {
  return parseRelease(await readFile('/etc/os-release', 'utf8').catch(() => ''));
}
