#!/usr/bin/env node
import './require-node.js';
import { runCli } from './app/run-cli.js';

await runCli(process.argv.slice(2));
