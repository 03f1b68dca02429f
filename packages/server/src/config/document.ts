/** The sample file and the documentation's table, made from the schema so that neither can drift from it. */
import { stringify } from 'yaml';
import { SETTINGS, type Setting } from './settings.ts';

/** A YAML file with every setting at its default, commented out, described in both languages. */
export function sampleFile(): string {
  const lines = [
    '# Settings of lianmai. Copy this file to lianmai.yaml and take away the "#" before what you change.',
    '# lianmai 配置示例：复制为 lianmai.yaml，去掉需要修改的行前的 “#”。',
    '# A later source wins: defaults, this file, environment variables, command-line flags.',
    '# 优先级由低到高：默认值、本文件、环境变量、命令行参数。',
  ];
  let section = '';
  for (const setting of SETTINGS) {
    const [first = '', second] = setting.path;
    const indent = second === undefined ? '' : '  ';
    if (second !== undefined && first !== section) lines.push('', `${first}:`);
    section = second === undefined ? '' : first;
    if (indent === '') lines.push('');
    lines.push(
      `${indent}# ${setting.en}`,
      `${indent}# ${setting.zh}`,
      `${indent}# ${setting.env}, --${setting.flag}`,
      `${indent}#${setting.path.at(-1)}: ${stringify(setting.defaultValue, { collectionStyle: 'flow' }).trim()}`,
    );
  }
  return `${lines.join('\n')}\n`;
}

/** A Markdown table of every setting. */
export function settingsTable(): string {
  const rows = SETTINGS.map((setting) => {
    const cells = [
      `\`${setting.path.join('.')}\``,
      `\`${setting.env}\``,
      `\`--${setting.flag}\``,
      defaultText(setting),
      `${setting.en}<br>${setting.zh}`,
    ];
    return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  });
  return ['| key | environment | flag | default | meaning |', '| --- | --- | --- | --- | --- |', ...rows, ''].join(
    '\n',
  );
}

function defaultText({ defaultValue }: Setting): string {
  if (defaultValue === '' || (Array.isArray(defaultValue) && defaultValue.length === 0)) return '–';
  return `\`${Array.isArray(defaultValue) ? defaultValue.join(',') : String(defaultValue)}\``;
}
