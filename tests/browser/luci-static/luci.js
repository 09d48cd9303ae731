// SPDX-FileCopyrightText: 2026 the moonflash authors
// SPDX-License-Identifier: GPL-2.0-or-later

/* A stand-in for LuCI's client: what the page of moonflash uses of it, and LuCI's traps with that.

   Compared with luci.js, rpc.js and ui.js of the branches openwrt-21.02 (e4c46338b1) and openwrt-25.12 by reading, and
   by using the page with both, in 2026-11:

   - a text as the child of an element is HTML, also as the title of a dialog; in a list it is text
   - null in a list of children is the text "null"
   - an attribute that is null or undefined is left out; false is a text
   - calls that are made at the same time go into one request, and all wait for the slowest, unless `nobatch` is set
   - an error has its stack in its message
   - a poll function that has not ended is not called again; one that raises is an error in the console
   - a call ends after 20 s */
(function() {
'use strict';

const CALL_TIMEOUT = 20000;
const modules = {}, environment = {};

/* --- texts --- */

window._ = text => (window.TR && window.TR[text]) || text;

String.prototype.format = function() {
	let next = 0;
	return this.replace(/%([sd%])/g, (all, kind) => kind == '%' ? '%' : String(arguments[next++]));
};

/* --- dom --- */

function isNode(value) {
	return value != null && typeof(value) == 'object' && 'nodeType' in value;
}

const dom = modules.dom = {
	append: function(node, children) {
		if (Array.isArray(children))
			children.forEach(child => node.appendChild(isNode(child) ? child : document.createTextNode(String(child))));
		else if (typeof(children) == 'function')
			dom.append(node, children(node));
		else if (isNode(children))
			node.appendChild(children);
		else if (children != null)
			node.innerHTML = String(children);
	},

	content: function(node, children) {
		while (node.firstChild)
			node.removeChild(node.firstChild);
		dom.append(node, children);
	},

	attr: function(node, attributes) {
		for (let name in attributes) {
			const value = attributes[name];
			if (value == null)
				continue;
			if (typeof(value) == 'function')
				node.addEventListener(name, value);
			else
				node.setAttribute(name, typeof(value) == 'object' ? JSON.stringify(value) : value);
		}
	}
};

window.E = function(tag, attributes, children) {
	if (!(attributes instanceof Object) || Array.isArray(attributes))
		children = attributes, attributes = null;
	const node = Array.isArray(tag) ? document.createDocumentFragment() : document.createElement(tag);
	dom.attr(node, attributes);
	dom.append(node, children);
	return node;
};

/* --- session --- */

modules.session = {
	read: () => (JSON.parse(window.sessionStorage.getItem('luci') || '{}'))[environment.sessionid] || {},
	getLocalData: key => key in modules.session.read() ? modules.session.read()[key] : null,
	setLocalData: function(key, value) {
		const kept = {};
		kept[environment.sessionid] = Object.assign(modules.session.read(), { [key]: value });
		window.sessionStorage.setItem('luci', JSON.stringify(kept));
	}
};

/* --- requests --- */

modules.request = {
	post: function(url, content, options) {
		return new Promise(function(resolve, reject) {
			const xhr = new XMLHttpRequest();
			xhr.open('POST', url, true);
			xhr.timeout = options.timeout;
			if (options.progress)
				xhr.upload.addEventListener('progress', options.progress);
			xhr.onerror = () => reject(new Error('XHR request aborted by browser'));
			xhr.ontimeout = () => reject(new Error('XHR request timed out'));
			xhr.onload = () => resolve({
				ok: xhr.status >= 200 && xhr.status <= 299, status: xhr.status, json: () => JSON.parse(xhr.responseText)
			});
			xhr.send(content instanceof FormData ? content : JSON.stringify(content));
		});
	}
};

function raise(message) {
	throw new Error(message + '\n  at luci.js:1:1');
}

let lastId = 0, waiting = [];

function send(messages) {
	return modules.request.post(environment.ubuspath, messages, { timeout: CALL_TIMEOUT });
}

/* All calls of one frame. */
function flush() {
	const batch = waiting;
	waiting = [];
	if (batch.length)
		send(batch.map(entry => entry.message)).then(response => response.json().forEach(
			(reply, index) => batch[index].resolve(reply)), error => batch.forEach(entry => entry.reject(error)));
}

function reply(message, nobatch) {
	if (nobatch)
		return send(message).then(response => response.ok ? response.json() : raise('HTTP error ' + response.status));
	return new Promise(function(resolve, reject) {
		waiting.push({ message, resolve, reject });
		requestAnimationFrame(flush);
	});
}

modules.rpc = {
	getSessionID: () => environment.sessionid,

	declare: function(options) {
		return function() {
			const params = {}, given = arguments;
			(options.params || []).forEach((name, index) => { params[name] = given[index]; });
			const message = { jsonrpc: '2.0', id: ++lastId, method: 'call',
				params: [ environment.sessionid, options.object, options.method, params ] };

			return reply(message, options.nobatch).then(function(answer) {
				if (answer.error)
					raise('RPC call to %s/%s failed with error %d: %s'.format(options.object, options.method,
						answer.error.code, answer.error.message));
				if (options.reject && answer.result[0] !== 0)
					raise('RPC call to %s/%s failed with ubus code %d'.format(options.object, options.method,
						answer.result[0]));
				const result = answer.result.length > 1 ? answer.result[1] : answer.result[0];
				return options.filter ? options.filter(result, params) : result;
			});
		};
	}
};

/* --- poll --- */

const queue = [];
let tick = 0;

function step() {
	queue.filter(entry => tick % entry.interval == 0 && entry.ready).forEach(function(entry) {
		entry.ready = false;
		Promise.resolve(entry.run()).finally(() => { entry.ready = true; });
	});
	tick++;
}

modules.poll = { add: (run, interval) => { queue.push({ run, interval, ready: true }); } };

/* --- ui --- */

let overlay;

modules.ui = {
	showModal: function(title, children) {
		const dialog = E('div', { 'class': 'modal', 'role': 'dialog', 'aria-modal': true }, [ E('h4', {}, title) ]);
		dom.append(dialog, children);
		dom.content(overlay, dialog);
		document.body.classList.add('modal-overlay-active');
		return dialog;
	},

	hideModal: () => document.body.classList.remove('modal-overlay-active'),

	createHandlerFn: function(context, run) {
		return function(event) {
			const target = event.currentTarget;
			target.classList.add('spinning');
			target.disabled = true;
			target.blur();
			Promise.resolve(run.call(context, event)).finally(function() {
				target.classList.remove('spinning');
				target.disabled = false;
			});
		};
	}
};

/* --- views --- */

function View() {}

View.extend = function(properties) {
	function Made() {}
	Made.prototype = Object.assign(Object.create(View.prototype), properties);
	return Made;
};

modules.view = View;

function failed(error) {
	dom.content(document.getElementById('view'), E('pre', { 'class': 'alert-message error' }, [ error.message ]));
	throw error;
}

/* Modules are the strings `require NAME` before any other string. */
function compile(source, url) {
	const names = [];
	const text = /'([^'\n]*)'/g;
	for (let found; (found = text.exec(source)) && /^(use strict|require \w+)$/.test(found[1]);)
		if (found[1] != 'use strict')
			names.push(found[1].split(' ')[1]);
	const unknown = names.filter(name => !modules[name]);
	if (unknown.length)
		throw new Error('the stand-in has no ' + unknown.join());
	const factory = window.eval('(function(window, document, L, ' + names.join() + ') {' + source + '})\n//# sourceURL=' + url);
	return factory.apply(null, [ window, document, window.L ].concat(names.map(name => modules[name])));
}

window.LuCI = function(given) {
	Object.assign(environment, given, { cgi_base: given.scriptname.replace(/\/[^/]+$/, '') });
};

window.LuCI.prototype = {
	env: environment,
	dom: dom,
	isObject: value => value != null && typeof(value) == 'object',
	hasViewPermission: () => environment.nodespec.satisfied ? !environment.nodespec.readonly : null,

	show: function(name) {
		const place = document.getElementById('view'), url = environment.resource + '/view/' + name + '.js';

		window.L = this;
		overlay = document.body.appendChild(E('div', { 'id': 'modal_overlay' }));
		return fetch(url).then(response => response.text()).then(function(source) {
			const page = new (compile(source, url))();
			return Promise.resolve(page.load()).then(data => page.render(data)).then(function(nodes) {
				dom.content(place, nodes);
				window.setInterval(step, 1000);
				step();
			});
		}).catch(failed);
	}
};
})();
