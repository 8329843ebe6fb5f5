'use strict';
(() => {
const data = JSON.parse(document.getElementById('data').textContent);
const run = data.rehearsal, page = data.page, start = Date.parse(page.start);
const $ = id => document.getElementById(id);
const OWNED = 'owned machines';

// Everything from the run goes in as text, never as markup.
function el(tag, set, ...inside) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(set || {})) {
    if (name === 'on') for (const [event, act] of Object.entries(value)) made.addEventListener(event, act);
    else if (name in made && name !== 'list') made[name] = value; else made.setAttribute(name, value);
  }
  made.append(...inside.filter(one => one !== null && one !== undefined));
  return made;
}
function svg(tag, set, ...inside) {
  const made = document.createElementNS('http://www.w3.org/2000/svg', tag);
  for (const [name, value] of Object.entries(set || {})) made.setAttribute(name, value);
  made.append(...inside);
  return made;
}

const whole = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });
const fine = new Intl.NumberFormat('en-US', { maximumSignificantDigits: 3 });
const number = value => Math.abs(value) >= 1000 ? whole.format(value) : fine.format(value);
const short = new Intl.NumberFormat('en-US', { notation: 'compact', maximumSignificantDigits: 3 });
const percent = part => `${(part * 100).toFixed(part > 0 && part < 0.1 ? 1 : 0)} %`;
function amount(value) {
  const digits = Math.abs(value) >= 100 ? 2 : Math.abs(value) >= 1 ? 3 : 4;
  return value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}
const money = cost => cost ? `${amount(cost.amount)} ${cost.currency}` : '-';
function span(seconds) {
  if (seconds < 60) return `${+seconds.toFixed(1)}s`;
  const [large, great, little, small] = seconds < 3600 ? [60, 'm', 1, 's'] : seconds < 172800 ? [3600, 'h', 60, 'm'] : [86400, 'd', 3600, 'h'];
  const rest = Math.floor(seconds % large / little);
  return `${Math.floor(seconds / large)}${great}${rest ? `${String(rest).padStart(2, '0')}${small}` : ''}`;
}
const since = time => (Date.parse(time) - start) / 1000;
const at = time => time ? `+${span(Math.max(since(time), 0))}` : '-';
const plural = (count, noun) => `${whole.format(count)} ${noun}${count === 1 ? '' : 's'}`;

function heading() {
  document.title = `${run.cluster}: Spillway rehearsal`;
  $('title').textContent = run.cluster;
  $('subtitle').textContent = `Rehearsal of ${span(run.virtualSeconds)} of cluster time, seed ${run.seed}, in `
    + `${span(run.wallSeconds)}${run.interrupted ? '; ended before all was done' : ''}`;
  for (const section of document.querySelectorAll('main section')) {
    if (!section.hidden) document.querySelector('nav').append(
      el('a', { href: `#${section.id}`, textContent: section.querySelector('h2').textContent }));
  }
  $('theme').addEventListener('click', () => {
    const root = document.documentElement.classList;
    const dark = root.contains('dark') || (!root.contains('light') && matchMedia('(prefers-color-scheme: dark)').matches);
    root.toggle('dark', !dark);
    root.toggle('light', dark);
  });
}

function summary() {
  const { cost, summary } = run;
  const cards = [
    [money(cost.total), 'cost in all'], [money(cost.onPrem), 'owned machines, idle time included'],
    [money(cost.cloud), 'rented nodes, launch to removal'], [money(cost.allCloud), 'the same pods all in the cloud'],
    [money(cost.saved), cost.saved.amount < 0 ? 'saved by own machines (lost)' : 'saved by own machines',
      cost.saved.amount < 0 ? 'bad' : 'good'],
    [whole.format(summary.pods), 'pods'], [whole.format(summary.finished), 'finished'],
    [whole.format(summary.running), 'still running at the end'],
    [whole.format(summary.unplaced), 'never started', summary.unplaced ? 'bad' : ''],
    [whole.format(summary.rentedNodes), 'nodes rented'],
    [span(summary.meanWaitSeconds), 'mean wait'], [span(summary.p95WaitSeconds), '95 % waited at most'],
  ];
  document.querySelector('#summary .cards').append(...cards.map(([value, words, mood]) =>
    el('div', { className: 'card' }, el('b', { className: mood || '', textContent: value }), el('span', { textContent: words }))));
}

function table(columns, rows, className) {
  return el('table', { className: className || '' },
    el('thead', {}, el('tr', {}, ...columns.map(column => el('th', { className: column.className || '', textContent: column.name })))),
    el('tbody', {}, ...rows.map(row => el('tr', {}, ...columns.map(column => {
      const cell = el('td', { className: column.className || '' });
      const value = column.of(row);
      cell.append(...(Array.isArray(value) ? value : [value ?? '']));
      cell.dataset.label = column.name;
      return cell;
    })))));
}

function whatIfs() {
  if (!run.variations) return;
  $('whatifs').hidden = false;
  const rows = [{ name: 'the file as it is', cost: run.cost, summary: run.summary, base: true }, ...run.variations];
  const columns = [
    { name: 'what if', className: 'name', of: row => row.name + (row.interrupted ? ' (interrupted)' : '') },
    { name: 'cost', className: 'number', of: row => money(row.cost.total) },
    { name: 'against the file', className: 'number', of: row => {
      const more = row.cost.total.amount - run.cost.total.amount;
      return row.base ? '' : el('span', { className: more > 0 ? 'bad' : more < 0 ? 'good' : '', textContent: `${more > 0 ? '+' : ''}${amount(more)}` });
    } },
    { name: 'cloud', className: 'number', of: row => money(row.cost.cloud) },
    { name: 'mean wait', className: 'number', of: row => span(row.summary.meanWaitSeconds) },
    { name: '95 % wait', className: 'number', of: row => span(row.summary.p95WaitSeconds) },
    { name: 'finished', className: 'number', of: row => whole.format(row.summary.finished) },
    { name: 'never started', className: 'number', of: row => whole.format(row.summary.unplaced) },
    { name: 'rented', className: 'number', of: row => whole.format(row.summary.rentedNodes) },
  ];
  document.querySelector('#whatifs .scroll').append(table(columns, rows, 'fold'));
}

// A round step for an axis: 1, 2 or 5 times a power of ten.
function nice(most, parts) {
  const raw = most / parts, power = 10 ** Math.floor(Math.log10(raw));
  return power * [1, 2, 5, 10].find(times => times * power >= raw);
}
function niceTime(most, parts) {
  const steps = [1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200, 14400, 21600, 43200, 86400, 172800, 432000, 864000];
  return steps.find(step => most / step <= parts) || nice(most / 86400, parts) * 86400;
}

/* areas: stacked values; lines: values of their own. Each has a name, a colour and its numbers. */
function chart(title, unit, areas, lines, sharesOf, note) {
  const length = areas[0].values.length, seconds = run.series.stepSeconds;
  const box = el('div', { className: 'chart' }, el('h3', { textContent: title }));
  const legend = el('p', { className: 'soft', style: 'margin:0;font-size:13px' });
  for (const area of areas) legend.append(el('span', { className: 'key', style: `background:${area.colour}` }), area.name);
  for (const line of lines) legend.append(el('span', { className: 'key thin', style: `background:${line.colour}` }), line.name);
  const read = el('p', { className: 'read' });
  const holder = el('div');
  box.append(legend, holder, read);
  const stacked = areas.map(() => []);
  for (let step = 0; step < length; step++) {
    let sum = 0;
    areas.forEach((area, index) => stacked[index].push(sum += area.values[step]));
  }
  const most = Math.max(...stacked.flat(), ...lines.flatMap(line => line.values), 0) || 1;
  const means = all => all.reduce((sum, value) => sum + value, 0) / (all.length || 1);
  const overall = () => {
    read.textContent = note ?? 'mean: ' + [...areas, ...lines].map(one => `${one.name} ${number(means(one.values))}`).join(', ') + ` ${unit}`
      + (sharesOf ? `; ${percent(means(areas.map(area => area.values).reduce((a, b) => a.map((value, i) => value + b[i]))) / (means(sharesOf.values) || 1))} in use` : '');
  };
  function draw() {
    const width = Math.max(holder.clientWidth, 200), height = 180, left = 46, bottom = 20, top = 8, right = 8;
    const total = length * seconds;
    const x = step => left + (width - left - right) * step / Math.max(length, 1);
    const y = value => top + (height - top - bottom) * (1 - value / most);
    const drawing = svg('svg', { viewBox: `0 0 ${width} ${height}`, height, role: 'img', 'aria-label': title });
    const step = nice(most, 4);
    for (let value = 0; value <= most * 1.0001; value += step)
      drawing.append(svg('line', { class: 'grid', x1: left, x2: width - right, y1: y(value), y2: y(value) }),
        svg('text', { x: left - 6, y: y(value) + 4, 'text-anchor': 'end' }, short.format(value)));
    const every = niceTime(total, Math.max(Math.floor(width / 90), 2));
    for (let time = 0; time <= total; time += every) {
      const place = x(time / seconds);
      drawing.append(svg('text', { x: place, y: height - 4, 'text-anchor': time === 0 ? 'start' : place > width - 30 ? 'end' : 'middle' },
        time === 0 ? '0' : span(time)));
    }
    const path = values => values.map((value, index) => `${x(index)},${y(value)} ${x(index + 1)},${y(value)}`).join(' ');
    areas.forEach((area, index) => {
      const under = index === 0 ? areas[0].values.map(() => 0) : stacked[index - 1];
      const back = under.map((value, place) => `${x(place + 1)},${y(value)} ${x(place)},${y(value)}`).reverse().join(' ');
      drawing.append(svg('polygon', { points: `${path(stacked[index])} ${back}`, fill: area.colour, 'fill-opacity': 0.75 }));
    });
    for (const line of lines) drawing.append(svg('polyline', { points: path(line.values), fill: 'none', stroke: line.colour, 'stroke-width': 1.5, 'stroke-dasharray': line.dash || 'none' }));
    const cursor = svg('line', { y1: top, y2: height - bottom, stroke: 'var(--text)', visibility: 'hidden' });
    drawing.append(cursor);
    drawing.addEventListener('pointermove', event => {
      const place = (event.clientX - drawing.getBoundingClientRect().left) / drawing.getBoundingClientRect().width * width;
      const index = Math.min(Math.max(Math.floor((place - left) / (width - left - right) * length), 0), length - 1);
      cursor.setAttribute('x1', x(index + 0.5)); cursor.setAttribute('x2', x(index + 0.5)); cursor.setAttribute('visibility', 'visible');
      read.textContent = `+${span(index * seconds)}: ` + [...areas, ...lines].map(one => `${one.name} ${number(one.values[index])}`).join(', ') + ` ${unit}`;
    });
    drawing.addEventListener('pointerleave', () => { cursor.setAttribute('visibility', 'hidden'); overall(); });
    holder.replaceChildren(drawing);
  }
  overall();
  return { box, draw };
}

function useOverTime() {
  const series = run.series, holder = document.querySelector('#use .charts');
  if (!series || series.cpus.length === 0) { holder.append(el('p', { textContent: 'Nothing happened that could be drawn.' })); return; }
  const less = (all, some) => all.map((value, index) => Math.max(value - some[index], 0));
  const charts = [];
  const use = (title, unit, key) => {
    const rented = `rented${key[0].toUpperCase()}${key.slice(1)}`;
    if (!series[key].some(value => value > 0)) return;
    const room = { name: 'capacity', colour: 'var(--text)', values: series[key] };
    charts.push(chart(title, unit, [
      { name: 'owned in use', colour: 'var(--owned)', values: less(series[`${key}Used`], series[`${rented}Used`]) },
      { name: 'rented in use', colour: 'var(--rented)', values: series[`${rented}Used`] },
    ], [room, { name: 'owned capacity', colour: 'var(--soft)', dash: '4 3', values: less(series[key], series[rented]) }], room));
  };
  use('CPU', 'cores', 'cpus');
  use('Memory', 'GiB', 'memoryGib');
  use('GPUs', 'GPUs', 'gpus');
  charts.push(chart('Cost', `${run.cost.total.currency}/h`, [
    { name: 'owned', colour: 'var(--owned)', values: series.onPremPerHour },
    { name: 'rented', colour: 'var(--rented)', values: series.cloudPerHour },
  ], []));
  const hours = series.stepSeconds / 3600;
  const sums = values => { let sum = 0; return values.map(value => sum += value * hours); };
  charts.push(chart('Cost so far', run.cost.total.currency, [
    { name: 'owned', colour: 'var(--owned)', values: sums(series.onPremPerHour) },
    { name: 'rented', colour: 'var(--rented)', values: sums(series.cloudPerHour) },
  ], [], null, 'by hourly prices, without minimum billing times; the bill is in the summary'));
  charts.push(chart('Pods', 'pods', [
    { name: 'running', colour: 'var(--owned)', values: series.podsRunning },
    { name: 'waiting', colour: 'var(--bad)', values: series.podsWaiting },
  ], []));
  holder.append(...charts.map(one => one.box));
  const drawAll = () => charts.forEach(one => one.draw());
  drawAll();
  let width = holder.clientWidth;
  new ResizeObserver(() => { if (holder.clientWidth !== width) { width = holder.clientWidth; drawAll(); } }).observe(holder);
}

function waits() {
  const { waits } = run.summary, holder = document.querySelector('#waits .bars');
  const last = waits.findLastIndex(one => one.pods > 0), most = Math.max(...waits.map(one => one.pods), 1);
  const started = waits.reduce((sum, one) => sum + one.pods, 0);
  waits.slice(0, last + 1).forEach((one, index) => {
    const words = one.atMostSeconds === 0 ? 'not at all' : one.atMostSeconds === null
      ? `more than ${span(waits[index - 1].atMostSeconds)}` : `up to ${span(one.atMostSeconds)}`;
    holder.append(el('span', { textContent: words }),
      el('div', { className: 'bar' }, el('i', { style: `width:${100 * one.pods / most}%` })),
      el('span', { className: 'number', textContent: `${whole.format(one.pods)}  (${percent(one.pods / (started || 1))})` }));
  });
  const { summary } = run;
  $('waits').append(el('p', { className: 'soft', textContent: `Of the ${plural(started, 'pod')} that started: half waited at most `
    + `${span(summary.medianWaitSeconds)}, 95 % ${span(summary.p95WaitSeconds)}, 99 % ${span(summary.p99WaitSeconds)}, the longest `
    + `${span(summary.maxWaitSeconds)}.${summary.unplaced ? ` ${plural(summary.unplaced, 'pod')} never started.` : ''}` }));
}

const map = page.map, top = map.levels.length - 1;
const level = letter => letter === '-' ? -1 : map.levels.indexOf(letter) / top;
function levels(fill, measure) {
  const one = key => [...fill[key]].map(level);
  if (measure !== 'fullest') return one(measure);
  const [cpu, memory, devices] = ['cpu', 'memory', 'devices'].map(one);
  return cpu.map((value, index) => Math.max(value, memory[index], devices[index]));
}
function fillAt(values, step) {
  if (step > 0) return values[step - 1];
  const there = values.filter(value => value >= 0);
  return there.length ? there.reduce((sum, value) => sum + value, 0) / there.length : -1;
}
const opacity = value => value < 0 ? 0 : value === 0 ? 0 : 0.15 + 0.85 * value;
function strip(values, colour) {
  const drawing = svg('svg', { class: 'strip', viewBox: `0 0 ${values.length} 1`, preserveAspectRatio: 'none', 'shape-rendering': 'crispEdges', 'aria-hidden': 'true' });
  values.forEach((value, step) => {
    if (value < 0) drawing.append(svg('rect', { x: step, y: 0, width: 1, height: 1, fill: 'var(--card)' }));
    else if (value > 0) drawing.append(svg('rect', { x: step, y: 0, width: 1, height: 1, fill: colour, 'fill-opacity': opacity(value) }));
  });
  return drawing;
}

let chosen = -1;
function nodes() {
  const measure = $('measure').value, step = +$('step').value;
  $('stepText').textContent = step === 0 ? 'mean of the whole run' : `+${span((step - 1) * map.stepSeconds)} to +${span(step * map.stepSeconds)}`;
  const holder = $('map');
  holder.replaceChildren();
  for (const pool of map.pools) {
    const rented = pool.name !== null, colour = rented ? 'var(--rented)' : 'var(--owned)';
    const drawn = run.nodes.map((node, index) => index).filter(index => (run.nodes[index].pool ?? null) === pool.name);
    const values = levels(pool, measure);
    const box = el('div', { className: 'pool' }, el('h3', { textContent: `${rented ? `pool ${pool.name}` : OWNED}: `
      + `${plural(pool.nodes, 'node')}${drawn.length < pool.nodes ? `, ${whole.format(drawn.length)} drawn` : ''}, `
      + `${plural(pool.pods, 'pod')}${fillAt(values, step) < 0 ? '' : `, ${percent(fillAt(values, step))} full`}` }));
    if (drawn.length > 40) {
      box.append(strip(values, colour), el('div', { className: 'cells' }, ...drawn.map(index => {
        const value = fillAt(levels(map.nodes[index], measure), step);
        const name = `${run.nodes[index].name}: ${value < 0 ? 'not there' : percent(value)}`;
        return el('button', { type: 'button', title: name, ariaLabel: name, className: index === chosen ? 'chosen' : '', style: value < 0 ? 'opacity:.35' : '', on: { click: () => showNode(index) } },
          el('i', { style: `background:${colour};opacity:${opacity(value)}` }));
      })));
    } else {
      box.append(el('div', { className: 'rows' }, ...drawn.flatMap(index => {
        const own = levels(map.nodes[index], measure), value = fillAt(own, step);
        return [el('button', { type: 'button', className: 'link', textContent: run.nodes[index].name, on: { click: () => showNode(index) } }),
          strip(own, colour), el('span', { className: 'number', textContent: value < 0 ? 'not there' : percent(value) })];
      })));
    }
    holder.append(box);
  }
}

function showNode(index) {
  chosen = index;
  const node = run.nodes[index], fill = map.nodes[index], colour = node.pool ? 'var(--rented)' : 'var(--owned)';
  const facts = [
    ['pool', node.pool ?? OWNED], ['site', node.site], ['type', node.instanceType], ['paid', node.purchase],
    ['launched', at(node.launchedAt)], ['ready', at(node.readyAt)], ['removed', node.removedAt ? at(node.removedAt) : 'no'],
    ['cost', money(node.cost)], ['pods', whole.format(fill.pods)], ['why', node.why],
  ].filter(([, value]) => value);
  const uses = [['CPU', 'cpu'], ['memory', 'memory'], ['GPUs and devices', 'devices']]
    .filter(([, key]) => /[^-]/.test(fill[key]))
    .flatMap(([words, key]) => [el('span', { textContent: words }), strip(levels(fill, key), colour),
      el('span', { className: 'number', textContent: percent(Math.max(fillAt(levels(fill, key), 0), 0)) })]);
  $('node').hidden = false;
  $('node').replaceChildren(el('h3', { textContent: node.name }), el('div', { className: 'rows' }, ...uses),
    el('dl', {}, ...facts.flatMap(([name, value]) => [el('dt', { textContent: name }), el('dd', { textContent: value })])),
    el('button', { type: 'button', textContent: 'Show its pods', on: { click: () => showPods(node.name) } }));
  $('node').scrollIntoView({ block: 'nearest' });
  for (const [place, button] of [...document.querySelectorAll('.cells button')].entries()) button.classList.toggle('chosen', place === index);
}
function showPods(node) {
  for (const id of ['phase', 'pool', 'podText']) $(id).value = '';
  $('podNode').value = node;
  filterPods();
  $('pods').scrollIntoView();
}

function choices(id, all, words) {
  const names = [...new Set(all.map(one => one ?? OWNED))].sort();
  $(id).append(el('option', { value: '', textContent: words }), ...names.map(name => el('option', { value: name, textContent: name })));
}
/* A table that grows by a button: thousands of rows at once make a slow page. */
function pager(holder, columns, rows, noun) {
  let shown = 100;
  const draw = () => {
    const more = el('div', { className: 'more' }, `${plural(Math.min(shown, rows.length), noun)} of ${whole.format(rows.length)}`);
    if (shown < rows.length) more.append(el('button', { type: 'button', textContent: 'Show more', on: { click: () => { shown += 400; draw(); } } }));
    holder.replaceChildren(el('div', { className: 'scroll' }, table(columns, rows.slice(0, shown), 'fold')), more);
  };
  draw();
}
const holds = (text, ...fields) => fields.some(field => field && field.toLowerCase().includes(text));

const decisionColumns = [
  { name: 'time', className: 'short', of: one => el('span', { title: one.at, textContent: at(one.at) }) },
  { name: 'kind', className: 'short', of: one => one.kind },
  { name: 'pool', className: 'name', of: one => one.pool ? `${one.pool}${one.count ? ` ×${one.count}` : ''}` : '' },
  { name: 'why', className: 'wide', of: one => el('div', {}, one.why, one.rejected.length === 0 ? null
    : el('ul', {}, ...one.rejected.map(other => el('li', { textContent: `not ${other.pool}: ${other.why}` })))) },
  { name: 'pods', className: 'name', of: one => one.pods.length <= 3 ? one.pods.join(', ')
    : el('details', {}, el('summary', { textContent: `${one.pods.slice(0, 2).join(', ')} and ${plural(one.pods.length - 2, 'other')}` }), one.pods.slice(2).join(', ')) },
];
function filterDecisions() {
  const kind = $('kind').value, pool = $('decisionPool').value, text = $('decisionText').value.toLowerCase();
  pager($('decisionRows'), decisionColumns, run.decisions.filter(one =>
    (!kind || one.kind === kind) && (!pool || (one.pool ?? OWNED) === pool)
    && (!text || holds(text, one.why, one.pool, ...one.pods, ...one.rejected.flatMap(other => [other.pool, other.why])))), 'decision');
}

const podColumns = [
  { name: 'pod', className: 'name', of: pod => pod.namespace === 'default' ? pod.name : `${pod.namespace}/${pod.name}` },
  { name: 'phase', className: 'short', of: pod => el('span', { className: pod.phase === 'Pending' || pod.phase === 'Failed' ? 'bad' : '', textContent: pod.phase }) },
  { name: 'node', className: 'name', of: pod => pod.node ?? '-' },
  { name: 'pool', of: pod => pod.pool ?? (pod.node ? 'owned' : '-') },
  { name: 'came', className: 'short', of: pod => el('span', { title: pod.submittedAt, textContent: at(pod.submittedAt) }) },
  { name: 'waited', className: 'short', of: pod => span(pod.waitedSeconds) },
  { name: 'ended', className: 'short', of: pod => el('span', { title: pod.finishedAt ?? '', textContent: at(pod.finishedAt) }) },
  { name: 'cost', className: 'short', of: pod => money(pod.cost) },
  { name: 'why', className: 'wide', of: pod => pod.why },
];
function filterPods() {
  const phase = $('phase').value, pool = $('pool').value;
  const node = $('podNode').value.toLowerCase(), text = $('podText').value.toLowerCase(), order = $('order').value;
  const rows = run.pods.filter(pod => (!phase || pod.phase === phase) && (!pool || (pod.pool ?? (pod.node ? OWNED : 'no node')) === pool)
    && (!node || holds(node, pod.node)) && (!text || holds(text, pod.name, pod.namespace, pod.why)));
  if (order === 'cost') rows.sort((a, b) => b.cost.amount - a.cost.amount);
  else if (order) rows.sort((a, b) => b[order] - a[order]);
  pager($('podRows'), podColumns, rows, 'pod');
}

function leftOut(id, words) { $(id).hidden = false; $(id).textContent = words; }
function limits() {
  if (page.allPods > run.pods.length) leftOut('podsLeft', `This page holds ${whole.format(run.pods.length)} of ${whole.format(page.allPods)} pods: `
    + 'those that never started, then those that waited longest. Summary, charts and waiting times count all; "-o json" lists all.');
  if (page.allNodes > run.nodes.length) leftOut('nodesLeft', `This page draws ${whole.format(run.nodes.length)} of ${whole.format(page.allNodes)} nodes, `
    + 'evenly spaced through the list; the bar of a pool counts all of its nodes.');
  const words = [];
  if (page.allDecisions > run.decisions.length) words.push(`This page holds the first ${whole.format(run.decisions.length)} of ${whole.format(page.allDecisions)} decisions; "-o json" lists all.`);
  if (run.decisions.some(one => one.pods.length === page.mostPodsOfDecision)) words.push(`Of a decision's pods at most ${page.mostPodsOfDecision} are named.`);
  if (words.length) leftOut('decisionsLeft', words.join(' '));
}

whatIfs();
heading();
summary();
useOverTime();
waits();
$('step').max = map.steps;
nodes();
choices('kind', run.decisions.map(one => one.kind), 'all');
choices('decisionPool', run.decisions.map(one => one.pool), 'all');
choices('phase', run.pods.map(pod => pod.phase), 'all');
choices('pool', run.pods.map(pod => pod.pool ?? (pod.node ? OWNED : 'no node')), 'all');
limits();
filterDecisions();
filterPods();
for (const id of ['measure', 'step']) $(id).addEventListener('input', nodes);
for (const id of ['kind', 'decisionPool', 'decisionText']) $(id).addEventListener('input', filterDecisions);
for (const id of ['phase', 'pool', 'podNode', 'podText', 'order']) $(id).addEventListener('input', filterPods);
})();
