// SPDX-FileCopyrightText: 2026 the moonflash authors
// SPDX-License-Identifier: GPL-2.0-or-later

'use strict';
'require view';
'require rpc';
'require ui';
'require poll';
'require request';
'require session';
'require dom';

/* Firmware updates of modems over the ubus object moonflash. README.md of packaging/openwrt is its contract. */

const JOB_INTERVAL = 1, JOBS_INTERVAL = 5; /* seconds */

const STYLE = [
	'#moonflash { overflow-wrap: anywhere }',
	'#moonflash h4 { margin: .8em 0 .3em }',
	'#moonflash ul { margin: .3em 0; padding-left: 1.5em; list-style: disc }',
	'#moonflash ul.bare { padding-left: 0; list-style: none }',
	'#moonflash li { margin: .3em 0; color: inherit }',
	'#moonflash .row { display: flex; flex-wrap: wrap; gap: .5em; align-items: center; margin: .5em 0 }',
	'#moonflash .row > .wide { flex: 1 1 12em; min-width: 0 }',
	'#moonflash .facts { display: grid; grid-template-columns: minmax(6em, max-content) 1fr; gap: .2em 1em; margin: .5em 0 }',
	'#moonflash .facts dt { font-weight: bold } #moonflash .facts dd { margin: 0 }',
	'#moonflash .alert-message { display: block; margin: .5em 0; width: auto; max-width: none }',
	'#moonflash .alert-message p { margin: .2em 0 }',
	'#moonflash pre { white-space: pre-wrap; max-height: 20em; overflow: auto }',
	'#moonflash [hidden] { display: none }',
	'#moonflash :focus-visible { outline: 2px solid; outline-offset: 2px }'
].join('\n');

const COMMANDS = {
	update: _('Update'), recover: _('Recovery'), 'switch': _('Switch of images'), plan: _('Check'), inspect: _('Check')
};

const PHASES = {
	waiting: _('Waits for another job'),
	reading: _('Reads the files'),
	preparing: _('Prepares the modem'),
	entering: _('The modem enters download mode'),
	sending: _('Sends the images'),
	restarting: _('The modem restarts'),
	confirming: _('Confirms the versions'),
	ended: _('Ended')
};

const MODES = { application: _('runs'), download: _('waits for an image (download mode)') };
const STATES = { started: '…', done: '✓', skipped: '–', failed: '✗' };
const CHECKS = { ok: '✓', warning: '⚠', bad: '✗' };

const readonly = !L.hasViewPermission() || null;

/* --- texts ------------------------------------------------------------------------------------ */

/* A modem's texts can have control characters, or characters that change the direction of writing. */
function plain(value) {
	if (typeof(value) == 'string')
		return value.replace(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]+/g, ' ');
	if (Array.isArray(value))
		return value.map(plain);
	if (L.isObject(value)) {
		const copy = {};
		for (let key in value)
			copy[key] = plain(value[key]);
		return copy;
	}
	return value;
}

/* LuCI takes a text that is not in a list for HTML. Here all children are in a list. */
function el(tag, attributes) {
	return E(tag, attributes || {}, Array.prototype.slice.call(arguments, 2).flat());
}

function fill(node) {
	dom.content(node, Array.prototype.slice.call(arguments, 1).flat());
	return node;
}

function megabytes(bytes) {
	return _('%s MB').format((bytes / 1e6).toFixed(1));
}

function minutes(seconds) {
	const whole = Math.max(0, Math.round(seconds)), rest = whole % 60;
	return Math.floor(whole / 60) + (rest < 10 ? ':0' : ':') + rest;
}

function versions(of) {
	return [ of.firmware, of.carrier, of.config ].filter(text => text).join(' ') || _('unknown');
}

function modemName(device) {
	return '%s (%s)'.format(device.model || _('unknown model'), device.place);
}

/* An error of LuCI has its stack in its message. */
function failureOf(error) {
	return error instanceof Error
		? { message: _('The router does not answer: %s').format(plain(error.message.split('\n')[0])) } : error;
}

function failureNode(failure) {
	return el('div', { 'class': 'alert-message error', 'role': 'alert' },
		el('p', {}, _(failure.message)),
		failure.hint ? el('p', {}, el('strong', {}, _('Fix:')), ' ', _(failure.hint)) : [],
		failure.evidence ? el('p', {}, el('small', {}, _('Evidence:'), ' ', failure.evidence)) : []);
}

function warningNode(warning) {
	return el('div', { 'class': 'alert-message warning' }, el('p', {}, _(warning.message)));
}

/* --- ubus ------------------------------------------------------------------------------------- */

/* A slow call must not hold up another, so none is sent together with others. */
function method(name, names) {
	const call = rpc.declare({
		object: 'moonflash', method: name, params: names, nobatch: true, reject: true, filter: plain
	});

	return function(values) {
		return call.apply(null, (names || []).map(key => (values || {})[key])).then(function(answer) {
			/* progress has the failure of the job that it describes */
			return answer.failure && !answer.state ? Promise.reject(answer.failure) : answer;
		});
	};
}

const ubus = {
	devices: method('devices'),
	status: method('status', [ 'place' ]),
	jobs: method('jobs'),
	progress: method('progress', [ 'job' ]),
	cancel: method('cancel', [ 'job' ]),
	plan: method('plan', [ 'files', 'place', 'force', 'background' ]),
	update: method('update', [ 'files', 'place', 'force' ]),
	recover: method('recover', [ 'files', 'place' ]),
	'switch': method('switch', [ 'pair', 'place' ]),
	uploadList: method('upload_list'),
	uploadPrepare: method('upload_prepare', [ 'name', 'bytes' ]),
	uploadRemove: method('upload_remove', [ 'name' ])
};

/* What this browser remembers until the user logs out: the request behind the last plan. */
function remember(values) {
	session.setLocalData('moonflash', Object.assign(remembered(), values));
}

function remembered() {
	return session.getLocalData('moonflash') || {};
}

/* --- elements --------------------------------------------------------------------------------- */

/* A button whose action returns a promise. It ignores clicks until that is settled, but keeps the focus. The class
   `starts` is for buttons that start a job. */
function button(label, style, action, attributes) {
	let busy = false;
	const node = el('button', Object.assign({
		'type': 'button', 'class': 'btn cbi-button cbi-button-' + style, 'disabled': readonly
	}, attributes), label);

	node.addEventListener('click', function() {
		if (busy)
			return;
		busy = true;
		node.classList.add('spinning');
		Promise.resolve(action()).finally(function() {
			busy = false;
			node.classList.remove('spinning');
		});
	});
	return node;
}

/* Asks a question. The focus stays in the dialog, Escape declines, and the focus returns to the element that had it. */
function ask(title, texts, label, style) {
	const before = document.activeElement;

	return new Promise(function(resolve) {
		function answer(given) {
			document.removeEventListener('keydown', key, true);
			ui.hideModal();
			if (before && before.isConnected)
				before.focus();
			resolve(given);
		}

		const no = el('button', { 'type': 'button', 'class': 'btn', 'click': () => answer(false) }, _('Back'));
		const yes = el('button', {
			'type': 'button', 'class': 'btn cbi-button-' + style + ' important', 'click': () => answer(true)
		}, label);

		function key(event) {
			if (event.key == 'Escape')
				answer(false);
			else if (event.key == 'Tab')
				(document.activeElement == no ? yes : no).focus();
			else
				return;
			event.preventDefault();
		}

		document.addEventListener('keydown', key, true);
		ui.showModal([ title ], texts.map(text => el('p', {}, text))
			.concat(el('div', { 'class': 'right' }, no, ' ', yes)));
		no.focus();
	});
}

function section(title) {
	const body = el('div', {});
	const node = el('div', { 'class': 'cbi-section' }, el('h3', {}, title), body);
	return { node: node, body: body };
}

function list(items, style) {
	return el('ul', { 'class': style || '' }, items.map(item => el('li', {}, item)));
}

function facts(pairs) {
	return el('dl', { 'class': 'facts' }, pairs.filter(pair => pair[1])
		.map(pair => [ el('dt', {}, pair[0]), el('dd', {}, pair[1]) ]).flat());
}

/* --- the job ---------------------------------------------------------------------------------- */

function isActive(progress) {
	return progress != null && (progress.state == 'running' || progress.state == 'waiting');
}

function logOf(progress) {
	const steps = progress.steps.map(step => ({
		t: step.t, text: '%s %s%s'.format(STATES[step.state] || '', step.step, step.message ? ': ' + step.message : '')
	}));
	const warnings = progress.warnings.map(warning => ({ t: warning.t, text: '⚠ ' + warning.message }));

	return steps.concat(warnings, progress.notes.map(note => ({ t: note.t, text: note.message })))
		.sort((a, b) => a.t - b.t)
		.map(line => '%s  %s'.format(minutes(line.t / 1000), line.text)).join('\n');
}

function sendingText(progress) {
	const eta = progress.eta != null ? _('%s left').format(minutes(progress.eta)) : '';
	return [
		_('%s of %s').format(megabytes(progress.sent), megabytes(progress.total)),
		progress.rate ? _('%s/s').format(megabytes(progress.rate)) : '', eta
	].filter(text => text).join(', ');
}

function resultNode(progress) {
	const result = progress.result, command = COMMANDS[progress.command] || progress.command;

	if (!result)
		return failureNode({
			message: _('%s was killed before it could report.').format(command),
			hint: _('Look at the state of the modem below and start again.')
		});
	if (result.failure || progress.failure)
		return failureNode(result.failure || progress.failure);
	return el('div', { 'class': 'alert-message success', 'role': 'status' }, el('p', {},
		result.after ? _('Done. The modem runs %s.').format(versions(result.after)) : _('Done.')));
}

function stopTexts(progress) {
	if (progress.phase == 'sending')
		return [
			_('The modem has received a part of an image. If you stop now, it stays in download mode, without a connection, until the next update or recovery.'),
			_('It is better to let the transfer end.')
		];
	return [ _('The modem is put back as it was before.') ];
}

/* The panel of the job: its elements are made once and then changed, so that the focus stays where it is. */
function Panel() {
	const part = section('');
	const title = part.node.firstElementChild;
	const lost = el('div', { 'class': 'alert-message warning', 'role': 'status', 'hidden': '' }, el('p', {},
		_('There is no connection to the router at the moment. The update does not depend on this page: it continues, and the page finds it again.')));
	const phase = el('p', { 'role': 'status' });
	const bar = el('div', { 'class': 'cbi-progressbar', 'role': 'progressbar', 'aria-label': _('Progress'), 'aria-valuemin': 0, 'aria-valuemax': 100 }, el('div', { 'style': 'width:0' }));
	const times = el('p', {});
	const warnings = el('div', {});
	const result = el('div', {});
	const log = el('pre', { 'tabindex': 0, 'aria-label': _('Log') });
	const stop = button(_('Stop…'), 'negative', () => this.stop());

	fill(part.body, lost, phase, bar, times, warnings, result, el('div', { 'class': 'row' }, stop),
		el('details', {}, el('summary', {}, _('Log')), log));
	Object.assign(this, { node: part.node, title, lost, phase, bar, times, warnings, result, log, stopButton: stop });
	this.node.id = 'moonflash-job';
	this.node.hidden = true;
}

/* Changes an element only when its content has changed: a screen reader reads every change aloud. */
function change(node, key, make) {
	if (node.dataset.shown !== key) {
		node.dataset.shown = key;
		fill(node, make());
	}
}

Panel.prototype.show = function(progress) {
	const active = isActive(progress);

	this.progress = progress;
	this.node.hidden = false;
	this.lost.hidden = true;
	change(this.title, progress.command + active, () => [ (active ? _('%s is in progress') : _('Last job: %s'))
		.format(COMMANDS[progress.command] || progress.command) ]);
	this.phase.hidden = this.times.hidden = this.bar.hidden = !active;
	this.stopButton.hidden = !active || [ 'restarting', 'confirming' ].includes(progress.phase);
	change(this.phase, progress.phase + progress.file, () => [
		el('strong', {}, PHASES[progress.phase] || progress.phase),
		progress.file ? ': ' + progress.file.replace(/.*\//, '') : '' ]);
	if (active)
		this.showTimes(progress);
	change(this.warnings, JSON.stringify(progress.warnings), () => progress.warnings.map(warningNode));
	change(this.result, active ? '' : progress.job + progress.state, () => active ? [] : [ resultNode(progress) ]);
	const text = logOf(progress);
	change(this.log, text, () => [ text ]);
};

Panel.prototype.showTimes = function(progress) {
	const part = progress.expected ? Math.min(99, Math.round(100 * progress.elapsed / progress.expected)) : 0;

	this.bar.setAttribute('aria-valuenow', part);
	this.bar.setAttribute('title', part + ' %');
	this.bar.firstElementChild.style.width = part + '%';
	fill(this.times, [
		progress.expected ? _('%s of about %s').format(minutes(progress.elapsed), minutes(progress.expected))
			: minutes(progress.elapsed),
		progress.phase == 'sending' && progress.total ? ' – ' + sendingText(progress) : ''
	]);
};

/* During a transfer the first request only makes moonflash warn. The question has warned already, so the second request
   follows with a later look at the progress. */
Panel.prototype.stop = function() {
	const seen = this.progress;

	return ask(_('Stop?'), stopTexts(seen), _('Stop'), 'negative').then(agreed => {
		if (!agreed)
			return;
		this.insists = seen.phase == 'sending' && !seen.asked_to_stop;
		return ubus.cancel({ job: seen.job }).catch(error => fill(this.result, failureNode(failureOf(error))));
	});
};

Panel.prototype.insist = function(progress) {
	if (!this.insists || progress.phase != 'sending' || !progress.asked_to_stop)
		return;
	this.insists = false;
	return ubus.cancel({ job: progress.job }).catch(() => {});
};

/* --- modems ----------------------------------------------------------------------------------- */

function checkItem(check) {
	return [
		el('span', { 'aria-label': check.state }, CHECKS[check.state] || '•'), ' ', el('strong', {}, _(check.name)),
		check.message ? ': ' + _(check.message) : '',
		check.fix ? el('div', {}, el('strong', {}, _('Fix:')), ' ', _(check.fix)) : ''
	];
}

/* The pair that a stored carrier configuration belongs to, as `switch` takes it. */
function pairOf(image) {
	return image.build_id + '_' + image.unique_id;
}

function storedItem(image, choose) {
	const pair = pairOf(image);
	return el('div', { 'class': 'row' }, el('span', { 'class': 'wide' }, pair,
		image.failures ? ' – ' + _('failed %s times').format(image.failures) : ''),
		image.active ? el('em', {}, _('in use')) : button(_('Switch…'), 'action starts', () => choose(pair)));
}

/* --- the page --------------------------------------------------------------------------------- */

return view.extend({
	handleSaveApply: null, handleSave: null, handleReset: null,

	load: function() {
		return Promise.all([ ubus.devices(), ubus.jobs(), ubus.uploadList() ].map(
			call => call.catch(error => ({ failure: failureOf(error) }))));
	},

	render: function(answers) {
		this.panel = new Panel();
		this.modems = section(_('Modems'));
		this.images = section(_('Images'));
		this.plan = section(_('Plan'));
		this.plan.node.id = 'moonflash-plan';
		this.plan.node.hidden = true;
		this.addresses = remembered().addresses || [];
		this.chosen = remembered().chosen || [];
		this.drawImages();
		this.showModems(answers[0]);
		this.showUploads(answers[2]);
		this.showJobs(answers[1]);
		poll.add(() => this.pollJob(), JOB_INTERVAL);
		poll.add(() => this.pollJobs(), JOBS_INTERVAL);
		return el('div', { 'id': 'moonflash', 'class': 'cbi-map' },
			el('style', {}, STYLE),
			el('h2', {}, _('Modem firmware')),
			el('div', { 'class': 'cbi-map-descr' }, _('Updates the firmware of Sierra Wireless modems.')),
			this.panel.node, this.modems.node, this.images.node, this.plan.node);
	},

	/* --- jobs --- */

	pollJob: function() {
		if (!this.job || (this.panel.progress && !isActive(this.panel.progress) && !this.awaited))
			return;
		return this.look(this.job);
	},

	look: function(job) {
		return ubus.progress({ job: job }).then(progress => this.showProgress(progress), error => {
			if (error instanceof Error)
				this.panel.lost.hidden = this.panel.node.hidden = false;
			else
				this.forget();
		});
	},

	/* Jobs end with the router: after a restart the router does not know them. */
	forget: function() {
		this.job = this.awaited = this.panel.progress = null;
		this.panel.node.hidden = true;
		this.idle(true);
		this.refresh();
	},

	pollJobs: function() {
		if (!isActive(this.panel.progress))
			return ubus.jobs().then(answer => this.showJobs(answer), () => {});
	},

	/* The job to show: the one that runs, or the last one that has changed a modem. */
	showJobs: function(answer) {
		const jobs = answer.jobs || [], mine = remembered().plan;
		const shown = jobs.find(isActive) || jobs.find(job => job.command in { update: 1, recover: 1, 'switch': 1 });

		if (mine && !this.plan.answer && jobs.some(job => job.job == mine && job.state == 'ended'))
			this.showPlanOf(mine);
		if (shown && (shown.job != this.job || isActive(shown)))
			return this.follow(shown.job);
		if (!shown && !this.read)
			this.readStatus();
	},

	follow: function(job) {
		this.job = this.awaited = job;
		return this.look(job);
	},

	showProgress: function(progress) {
		const wasActive = isActive(this.panel.progress), isPlan = progress.command == 'plan';

		if (progress.job != this.job)
			return;
		this.panel.show(progress);
		if (isActive(progress)) {
			this.idle(false);
			return this.panel.insist(progress);
		}
		this.awaited = null;
		this.idle(true);
		if (isPlan) {
			this.panel.node.hidden = true;
			this.job = null;
			if (progress.job == remembered().plan)
				this.showPlan(progress);
		}
		if (wasActive || !this.read)
			this.refresh();
	},

	/* While a job runs, no other can be started. */
	idle: function(is) {
		this.isIdle = is;
		document.querySelectorAll('#moonflash .starts').forEach(node => { node.disabled = !is || readonly; });
	},

	start: function(call) {
		return call.then(answer => this.follow(answer.job)).then(() => {
			this.panel.node.scrollIntoView({ block: 'nearest' });
		});
	},

	/* --- modems --- */

	refresh: function() {
		this.read = true;
		return Promise.all([
			ubus.devices().then(answer => this.showModems(answer), error => this.showModems({ failure: failureOf(error) }))
				.then(() => this.readStatus()),
			ubus.uploadList().then(answer => this.showUploads(answer), () => {})
		]);
	},

	showModems: function(answer) {
		const devices = answer.devices || [];

		this.cards = devices.map(device => ({ device: device, body: el('div', {}) }));
		fill(this.modems.body,
			answer.failure ? failureNode(answer.failure) : [],
			answer.failure || devices.length ? [] : el('p', {}, _('No modem was found.')),
			(answer.warnings || []).map(warningNode),
			this.cards.map(card => el('div', {}, el('h4', {}, modemName(card.device)), card.body)),
			el('div', { 'class': 'row' }, button(_('Refresh'), 'neutral', () => this.refresh(), { 'disabled': null })));
		this.cards.forEach(card => fill(card.body, facts([ [ _('State'), MODES[card.device.mode] || card.device.mode ] ])));
		this.drawTargets();
	},

	/* A job has its modem for itself, so the modem is not asked meanwhile. */
	readStatus: function() {
		this.read = true;
		return this.cards.reduce((before, card) => before.then(() => isActive(this.panel.progress) ? null
			: ubus.status({ place: card.device.place }).then(
				status => this.showStatus(card, status), error => this.showNoStatus(card, failureOf(error)))),
		Promise.resolve());
	},

	/* A modem that a job uses is well. */
	showNoStatus: function(card, failure) {
		if (failure.code == 'device.busy')
			fill(card.body, el('p', {}, _(failure.message)));
		else
			fill(card.body, failureNode(failure), this.recoverRow(card.device));
	},

	showStatus: function(card, status) {
		const running = status.running || {}, preferred = status.preferred || {}, power = status.power || {};
		const stored = (status.stored || []).filter(image => image.type == 'pri');
		const differs = status.preferred && versions(preferred) != versions(running);

		fill(card.body,
			facts([
				[ _('Firmware'), status.running ? versions(running) : null ],
				[ _('Preferred'), differs ? versions(preferred) : null ],
				[ _('State'), MODES[status.mode] || status.mode ],
				[ _('Radio'), power.mode ? _(power.mode) : null ],
				[ _('Serial number'), status.serial ]
			]),
			status.checks && status.checks.length
				? [ el('h4', {}, _('Checklist')), list(status.checks.map(checkItem), 'bare') ] : [],
			(status.advice || []).length ? [ el('h4', {}, _('Advice')), list(status.advice.map(text => [ _(text) ])) ] : [],
			(status.warnings || []).map(warningNode),
			stored.length ? [ el('h4', {}, _('Stored images')),
				list(stored.map(image => [ storedItem(image, pair => this.switchTo(card.device, pair)) ]), 'bare') ] : [],
			status.mode == 'application' ? [] : this.recoverRow(card.device));
		this.idle(this.isIdle !== false);
	},

	recoverRow: function(device) {
		return el('div', { 'class': 'row' }, button(_('Recover…'), 'action starts', () => this.recover(device)));
	},

	/* A failure of what a button started, below the modem. */
	attempt: function(device, call) {
		return this.start(call).catch(error => {
			const card = this.cards.find(one => one.device.place == device.place);
			(card ? card.body : this.modems.body).appendChild(failureNode(failureOf(error)));
		});
	},

	switchTo: function(device, pair) {
		return ask(_('Switch %s?').format(modemName(device)), [
			_('The modem restarts with %s. Its connection is interrupted.').format(pair)
		], _('Switch'), 'action').then(agreed => agreed
			&& this.attempt(device, ubus['switch']({ pair: pair, place: device.place })));
	},

	recover: function(device) {
		const files = this.files();
		return ask(_('Recover %s?').format(modemName(device)), [
			files.length ? _('Chosen images are sent if the modem needs them.') : _('The modem restarts with an image that it stores. If there is none, choose images first.')
		], _('Recover'), 'action').then(agreed => agreed
			&& this.attempt(device, ubus.recover({ files: files.length ? files : undefined, place: device.place })));
	},

	/* --- images --- */

	drawImages: function() {
		const input = el('input', { 'type': 'file', 'id': 'moonflash-file', 'multiple': '', 'accept': '.cwe,.nvu,.spk,.zip',
			'class': 'wide', 'disabled': readonly, 'change': () => this.upload(input) });
		const address = el('input', { 'type': 'url', 'id': 'moonflash-address', 'class': 'cbi-input-text wide',
			'placeholder': 'https://', 'disabled': readonly });
		const add = () => this.addAddress(address);

		this.uploads = el('div', {});
		this.uploading = el('div', { 'role': 'status' });
		this.target = el('select', { 'id': 'moonflash-modem', 'class': 'cbi-input-select wide', 'disabled': readonly });
		this.targetRow = el('div', { 'class': 'row' }, el('label', { 'for': 'moonflash-modem' }, _('Modem')), this.target);
		this.force = el('input', { 'type': 'checkbox', 'id': 'moonflash-force', 'disabled': readonly });
		this.problem = el('div', {});
		address.addEventListener('keydown', event => { if (event.key == 'Enter') { event.preventDefault(); add(); } });
		fill(this.images.body,
			el('p', {}, _('An update needs all files of a firmware: .cwe and .nvu, or one .spk or .zip.')),
			this.uploads,
			el('div', { 'class': 'row' }, el('label', { 'for': 'moonflash-file' }, _('Upload files')), input),
			this.uploading,
			el('div', { 'class': 'row' }, el('label', { 'for': 'moonflash-address' }, _('Or an address')), address,
				button(_('Add'), 'add', add)),
			this.targetRow,
			el('div', { 'class': 'row' }, this.force, el('label', { 'for': 'moonflash-force', 'class': 'wide' },
				_('Send the images even if the modem already runs them'))),
			this.problem,
			el('div', { 'class': 'row' }, button(_('Check'), 'action important starts', () => this.check())));
	},

	drawTargets: function() {
		const before = this.target.value;

		fill(this.target, this.cards.map(card => el('option', { 'value': card.device.place }, modemName(card.device))));
		if (this.cards.some(card => card.device.place == before))
			this.target.value = before;
		this.targetRow.hidden = this.cards.length < 2;
	},

	showUploads: function(answer) {
		if (answer.files)
			this.stored = answer;
		this.drawUploads(answer.failure);
	},

	drawUploads: function(failure) {
		const stored = this.stored || { files: [] };
		const choices = stored.files.map(file => ({ id: file.path, label: '%s (%s)'.format(file.name, megabytes(file.bytes)),
			remove: () => this.remove(file) }))
			.concat(this.addresses.map(address => ({ id: address, label: address, remove: () => this.dropAddress(address) })));

		this.choices = choices.map(choice => choice.id);
		fill(this.uploads, failure ? failureNode(failure) : [],
			list(choices.map((choice, index) => [ this.choiceRow(choice, 'moonflash-image-' + index) ]), 'bare'),
			stored.room != null ? el('p', {}, el('small', {}, _('Room for %s').format(megabytes(stored.room)))) : []);
	},

	choiceRow: function(choice, id) {
		const box = el('input', { 'type': 'checkbox', 'id': id, 'checked': this.chosen.includes(choice.id) ? '' : null,
			'disabled': readonly, 'change': () => this.choose(choice.id, box.checked) });
		return el('div', { 'class': 'row' }, box, el('label', { 'for': id, 'class': 'wide' }, choice.label),
			button(_('Remove'), 'remove', choice.remove, { 'aria-label': _('Remove %s').format(choice.label) }));
	},

	/* A plan is that of certain images: with others it is gone. */
	choose: function(id, is) {
		this.chosen = this.chosen.filter(other => other != id).concat(is ? [ id ] : []);
		remember({ chosen: this.chosen, addresses: this.addresses, plan: null, request: null });
		this.plan.node.hidden = true;
		this.plan.answer = null;
	},

	files: function() {
		return this.choices.filter(id => this.chosen.includes(id));
	},

	addAddress: function(input) {
		const address = input.value.trim();

		if (!/^https?:\/\/./i.test(address)) {
			fill(this.problem, failureNode({ message: _('This is not an address: it begins with http:// or https://') }));
			input.focus();
			return;
		}
		fill(this.problem);
		input.value = '';
		if (!this.addresses.includes(address))
			this.addresses.push(address);
		this.choose(address, true);
		this.drawUploads();
	},

	dropAddress: function(address) {
		this.addresses = this.addresses.filter(other => other != address);
		this.choose(address, false);
		this.drawUploads();
	},

	remove: function(file) {
		this.choose(file.path, false);
		return ubus.uploadRemove({ name: file.name }).then(answer => this.showUploads(answer),
			error => this.drawUploads(failureOf(error)));
	},

	/* One file after the other: there has to be room for each. */
	upload: function(input) {
		const files = Array.from(input.files);

		input.disabled = true;
		return files.reduce((before, file) => before.then(() => this.uploadOne(file)), Promise.resolve())
			.then(() => fill(this.uploading), error => fill(this.uploading, failureNode(failureOf(error))))
			.then(() => ubus.uploadList()).then(answer => this.showUploads(answer), () => {})
			.then(() => { input.value = ''; input.disabled = false; });
	},

	uploadOne: function(file) {
		return ubus.uploadPrepare({ name: file.name, bytes: file.size }).then(answer => {
			const form = new FormData(), bar = el('div', { 'style': 'width:0' });

			form.append('sessionid', rpc.getSessionID());
			form.append('filename', answer.path);
			form.append('filedata', file);
			fill(this.uploading, el('p', {}, _('Uploading %s').format(file.name)), el('div', { 'class': 'cbi-progressbar' }, bar));
			return request.post(L.env.cgi_base + '/cgi-upload', form, {
				timeout: 0,
				progress: event => { bar.style.width = 100 * event.loaded / event.total + '%'; }
			}).then(response => {
				const reply = response.json();
				if (!response.ok || (L.isObject(reply) && reply.failure))
					throw { message: _('%s was not uploaded.').format(file.name), evidence: plain((reply || {}).message) };
				this.choose(answer.path, true);
			});
		});
	},

	/* --- plan --- */

	/* A plan is a job, because it can read large files and addresses. */
	check: function() {
		const files = this.files(), place = this.target.value;

		fill(this.problem);
		if (!files.length)
			return Promise.resolve(fill(this.problem, failureNode({ message: _('No image is chosen.'), hint: _('Upload files or add an address.') })));
		const wanted = { files: files, place: place || undefined, force: this.force.checked };
		this.plan.node.hidden = true;
		this.plan.answer = null;
		return ubus.plan(Object.assign({ background: true }, wanted)).then(answer => {
			remember({ plan: answer.job, request: wanted });
			return this.follow(answer.job);
		}).catch(error => fill(this.problem, failureNode(failureOf(error))));
	},

	showPlanOf: function(job) {
		this.plan.answer = {};
		return ubus.progress({ job: job }).then(progress => this.showPlan(progress), () => remember({ plan: null }));
	},

	showPlan: function(progress) {
		const answer = progress.answer || {}, result = progress.result || answer.result || {};
		const failure = progress.failure || result.failure;
		const warnings = answer.warnings || progress.warnings, set = answer.set, steps = answer.steps || [];
		const refused = failure || warnings.some(warning => warning.message.startsWith('update refuses'));

		this.plan.answer = answer;
		this.plan.node.hidden = false;
		fill(this.plan.body,
			failure ? failureNode(failure) : [],
			warnings.map(warningNode),
			set && set.ok !== false && !failure ? this.planText(answer, result) : [],
			((set || {}).problems || []).map(problem => failureNode(problem)),
			this.pauseNodes(answer.pauses || []),
			steps.length ? [ el('h4', {}, _('Steps')), list(steps.map(step => [ _(step.step),
				step.message ? ': ' + step.message : '', step.seconds ? ' (%s)'.format(minutes(step.seconds)) : '' ])),
				el('p', {}, _('Expected time: %s').format(minutes(this.seconds(answer)))) ] : [],
			refused ? [] : el('div', { 'class': 'row' }, button(_('Start the update…'), 'apply important starts',
				() => this.update(answer))));
		this.idle(this.isIdle !== false);
	},

	seconds: function(answer) {
		return (answer.steps || []).reduce((sum, step) => sum + (step.seconds || 0), 0);
	},

	planText: function(answer, result) {
		return el('p', {}, _('%s: from %s to %s.').format(modemName(answer.device || {}),
			versions(result.before || {}), versions(answer.set)));
	},

	pauseNodes: function(pauses) {
		return pauses.length ? [
			el('h4', {}, _('Stopped during the update')), list(pauses.map(pause => [ pause ])),
			el('p', {}, _('If your browser reaches the router through one of these, this page loses its connection. The update continues, and the page finds it again.'))
		] : [];
	},

	update: function(answer) {
		const wanted = remembered().request;

		return ask(_('Update %s?').format(modemName(answer.device || {})), [
			_('%s is installed. This takes about %s.').format(versions(answer.set || {}), minutes(this.seconds(answer))),
			_('Do not switch off the router, and do not unplug the modem.')
		], _('Update'), 'apply').then(agreed => {
			if (!agreed)
				return;
			this.plan.node.hidden = true;
			remember({ plan: null });
			return this.start(ubus.update(wanted)).catch(error => {
				this.plan.node.hidden = false;
				fill(this.plan.body, failureNode(failureOf(error)));
			});
		});
	}
});
