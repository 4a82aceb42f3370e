'use strict';

// A node that stores, lists and gives back, out of the classes of dcmjs-dimse:
//
//     node scp.js PORT FOLDER TITLE=PORT...
//
// keeps what it is sent as files in FOLDER, as the library writes them, and moves to those titles on this machine.

const fs = require('fs');
const net = require('net');
const path = require('path');

// What the libraries say of each element names patients and fills the log.
for (const each of ['log', 'info', 'warn', 'error', 'debug']) {
  console[each] = () => {};
}

const { Client, Dataset, Scp, Server, constants, requests, responses } = require('dcmjs-dimse');
const { PresentationContextResult, Status } = constants;
const { CStoreRequest } = requests;
const { CEchoResponse, CFindResponse, CGetResponse, CMoveResponse, CStoreResponse } = responses;

const [port, folder, ...destinations] = process.argv.slice(2);
const ports = new Map(destinations.map((each) => each.split('=')));
const kept = new Map();
const PATIENCE_MILLIS = 4000;
const names = { STUDY: 'StudyInstanceUID', SERIES: 'SeriesInstanceUID', IMAGE: 'SOPInstanceUID' };

function say(line) {
  fs.writeSync(1, `${line}\n`);
}

// The library listens at every address of the machine; this server is for this machine alone.
const listen = net.Server.prototype.listen;
net.Server.prototype.listen = function (where, ...rest) {
  return listen.call(this, Number(where), '127.0.0.1', ...rest);
};

function isAsked(value) {
  return value !== undefined && value !== null && value !== '' && String(value) !== '';
}

function matching(wanted) {
  const level = wanted.QueryRetrieveLevel;
  const found = new Map();
  for (const { elements } of kept.values()) {
    const keys = Object.values(names).filter((name) => isAsked(wanted[name]));
    if (keys.every((name) => [wanted[name]].flat().includes(elements[name]))) {
      const name = names[level];
      if (!found.has(elements[name])) {
        found.set(elements[name], elements);
      }
    }
  }
  return [...found.values()];
}

function those(wanted) {
  const keys = Object.values(names).filter((name) => isAsked(wanted[name]));
  return keys.length === 0
    ? []
    : [...kept.values()].filter(({ elements }) => keys.every((name) => [wanted[name]].flat().includes(elements[name])));
}

// Sends all of them by send, which is given a request and answers in its event, and tells the last response of it.
function giveAll(all, Response, request, canSend, send, callback) {
  let [completed, failed, ended] = [0, 0, false];
  const end = () => {
    if (ended) {
      return;
    }
    ended = true;
    clearTimeout(patience);
    const response = Response.fromRequest(request);
    response.setCompleted(completed);
    response.setFailures(failed);
    response.setRemaining(0);
    response.setStatus(failed === 0 ? Status.Success : 0xb000);
    callback([response]);
  };
  const one = (ok) => {
    if (ok) {
      completed += 1;
    } else {
      failed += 1;
    }
    if (completed + failed >= all.length) {
      end();
    }
  };
  // The library is silent about what it cannot send.
  const patience = setTimeout(() => {
    failed = all.length - completed;
    end();
  }, PATIENCE_MILLIS);
  if (all.length === 0) {
    end();
  }
  for (const { file, elements, syntax } of all) {
    if (!canSend(elements.SOPClassUID, syntax)) {
      one(false);
      continue;
    }
    const store = new CStoreRequest(file);
    let done = false;
    store.on('response', (response) => {
      done = true;
      one(response.getStatus() === Status.Success);
    });
    store.on('done', () => {
      if (!done) {
        done = true;
        one(false);
      }
    });
    send(store);
  }
}

class Node extends Scp {
  associationRequested(association) {
    for (const { id } of association.getPresentationContexts()) {
      const context = association.getPresentationContext(id);
      context.setResult(PresentationContextResult.Accept, context.getTransferSyntaxUids()[0]);
    }
    this.association = association;
    this.sendAssociationAccept();
  }

  associationReleaseRequested() {
    this.sendAssociationReleaseResponse();
  }

  cEchoRequest(request, callback) {
    const response = CEchoResponse.fromRequest(request);
    response.setStatus(Status.Success);
    callback(response);
  }

  cStoreRequest(request, callback) {
    const response = CStoreResponse.fromRequest(request);
    response.setStatus(Status.ProcessingFailure);
    try {
      const dataset = request.getDataset();
      const elements = dataset.getElements();
      const file = path.join(folder, `${elements.SOPInstanceUID}.dcm`);
      dataset.toFile(file);
      kept.set(elements.SOPInstanceUID, { elements, file, syntax: dataset.getTransferSyntaxUid() });
      response.setStatus(Status.Success);
    } catch (e) {
      say(`not stored: ${e}`);
    }
    callback(response);
  }

  cFindRequest(request, callback) {
    const wanted = request.getDataset().getElements();
    const rows = matching(wanted).map((elements) => {
      const row = {};
      for (const name of Object.keys(wanted)) {
        if (!name.startsWith('_')) {
          row[name] = elements[name] === undefined ? '' : elements[name];
        }
      }
      row.QueryRetrieveLevel = wanted.QueryRetrieveLevel;
      const response = CFindResponse.fromRequest(request);
      response.setDataset(new Dataset(row));
      response.setStatus(Status.Pending);
      return response;
    });
    const last = CFindResponse.fromRequest(request);
    last.setStatus(Status.Success);
    callback([...rows, last]);
  }

  cMoveRequest(request, callback) {
    const all = those(request.getDataset().getElements());
    const title = request.getCommandDataset().getElement('MoveDestination').trim();
    const to = ports.get(title);
    if (to === undefined) {
      const response = CMoveResponse.fromRequest(request);
      response.setStatus(0xa801);
      callback([response]);
      return;
    }
    const client = new Client();
    client.on('networkError', (e) => say(`move: ${e}`));
    giveAll(all, CMoveResponse, request, () => true, (store) => client.addRequest(store), callback);
    if (all.length > 0) {
      client.send('127.0.0.1', Number(to), 'DCMJS', title);
    }
  }

  cGetRequest(request, callback) {
    const all = those(request.getDataset().getElements());
    const offered = this.association
      .getPresentationContexts()
      .map(({ id }) => this.association.getPresentationContext(id))
      .map((context) => `${context.getAbstractSyntaxUid()} ${context.getAcceptedTransferSyntaxUid()}`);
    const canSend = (sopClass, syntax) => offered.includes(`${sopClass} ${syntax}`);
    giveAll(all, CGetResponse, request, canSend, (store) => this.sendRequests(store), callback);
  }
}

process.on('uncaughtException', (e) => say(`uncaught: ${e.stack}`));
const server = new Server(Node);
server.on('networkError', (e) => say(`network: ${e}`));
server.listen(Number(port));
