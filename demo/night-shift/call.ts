/** `call <who> <request> [<about>]`: asks somebody outside of Ductus, while a night shift goes on. */
import { DemoError } from '../demo-error';
import { callDesk } from './desk';
import { phoneList } from './phone';

async function call([folder = '', who, wish, about = '']: readonly string[]): Promise<void> {
  const said = who === undefined || wish === undefined ? undefined : await callDesk(folder, who, wish, about);
  if (said !== undefined) {
    console.log(said);
    return;
  }
  console.error(
    ['Nobody can be asked for that. The list:', ...phoneList('call').map((line) => `  ${line}`)].join('\n'),
  );
  process.exitCode = 2;
}

call(process.argv.slice(2)).catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : String(error));
  if (error instanceof DemoError && error.advice !== undefined) console.error(`  ${error.advice}`);
  process.exitCode = 1;
});
