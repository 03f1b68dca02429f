/**
 * Writes miniprogram/styles/icons.wxss from images/icons/*.svg: each icon is a mask, so it takes the colour of the text
 * beside it, light or dark. Run it after changing an icon: `node scripts/icons.mjs`.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const source = fileURLToPath(new URL('../miniprogram', import.meta.url));
const folder = join(source, 'images', 'icons');

export function iconStyles() {
  const rules = readdirSync(folder)
    .filter((name) => name.endsWith('.svg'))
    .sort()
    .map((name) => {
      const svg = readFileSync(join(folder, name), 'utf8')
        .trim()
        .replace(/<title>.*<\/title>/, '');
      const url = `url("data:image/svg+xml,${encodeURIComponent(svg).replace(/'/g, '%27').replace(/%20/g, ' ')}")`;
      return `.icon-${name.slice(0, -4)} {\n  -webkit-mask-image: ${url};\n  mask-image: ${url};\n}`;
    });
  return [
    '/* Made by scripts/icons.mjs from images/icons. */',
    '.icon {\n  display: inline-block;\n  width: 24px;\n  height: 24px;\n  flex: none;\n  background-color: currentColor;\n  -webkit-mask: no-repeat 50% 50% / 100% 100%;\n  mask: no-repeat 50% 50% / 100% 100%;\n}',
    ...rules,
    '',
  ].join('\n\n');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(join(source, 'styles', 'icons.wxss'), iconStyles());
}
