BEGIN TRANSACTION;
CREATE TABLE accounts (
	account TEXT NOT NULL, 
	epoch INTEGER NOT NULL, 
	lease_run TEXT, 
	lease_owner TEXT, 
	lease_expires TEXT, 
	halted_at TEXT, 
	halted_why TEXT, 
	PRIMARY KEY (account)
);
INSERT INTO "accounts" VALUES('default',1,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "accounts" VALUES('second',0,NULL,NULL,NULL,'2026-03-10T05:00:00.000000+00:00','somebody must look');
CREATE TABLE audit (
	account TEXT NOT NULL, 
	seq INTEGER NOT NULL, 
	at TEXT NOT NULL, 
	kind TEXT NOT NULL, 
	body TEXT NOT NULL, 
	prev TEXT NOT NULL, 
	mac TEXT NOT NULL, 
	PRIMARY KEY (account, seq), 
	FOREIGN KEY(account) REFERENCES accounts (account)
);
INSERT INTO "audit" VALUES('default',1,'2026-03-10T05:00:00.000000+00:00','genesis','{"account":"default","format":1,"key_check":"72dfe1b5ff513dbb"}','6f2d6f8da80f06f97d576c858714faa5cce894330e1def92fafbef3f2a9a3c6f','4d7c29a773b6b9a9cccf84cecf96925fd481e996a0e0ae25ef4f0a82ad8406fe');
INSERT INTO "audit" VALUES('default',2,'2026-03-10T05:00:00.000000+00:00','slot_opened','{"slot":"default/cancel/2026-03-10T05:00:00Z"}','4d7c29a773b6b9a9cccf84cecf96925fd481e996a0e0ae25ef4f0a82ad8406fe','fea8d004e6bb364b60ebe8e2227c0e423c5c6c52c96b24ab2689f6d20f8ffe02');
INSERT INTO "audit" VALUES('default',3,'2026-03-10T05:00:00.000000+00:00','plan_recorded','{"changes":4,"digest":"9cc710b821e65b31d3346a2d7065e0cb7d3ebfa5797089058c8192c7059d455a","held":0,"plan":"plan-1"}','fea8d004e6bb364b60ebe8e2227c0e423c5c6c52c96b24ab2689f6d20f8ffe02','3f6788f39c9f19d1959939ebe7df13975d9bbf8494c5210c2ee6f03192f780f1');
INSERT INTO "audit" VALUES('default',4,'2026-03-10T05:00:00.000000+00:00','run_begun','{"digest":"9cc710b821e65b31d3346a2d7065e0cb7d3ebfa5797089058c8192c7059d455a","epoch":1,"plan":"plan-1","run":"default-1","run_kind":"apply","slot":null}','3f6788f39c9f19d1959939ebe7df13975d9bbf8494c5210c2ee6f03192f780f1','29eb7ca6fbb50db089202fda6c48ad40dc40fc1b428587285dd2fd883a7ee237');
INSERT INTO "audit" VALUES('default',5,'2026-03-10T05:00:00.000000+00:00','changes_planned','{"changes":[{"change":"default-1:1","digest":"9aef10ecc1aaed6b1866ad18da13454cb2925369fe00f773a968a81b8f49f98c","id":0,"order_id":"order-0","rule":"cancel","rule_hash":"hash of cancel"},{"change":"default-1:2","digest":"9aef10ecc1aaed6b1866ad18da13454cb2925369fe00f773a968a81b8f49f98c","id":1,"order_id":"order-1","rule":"cancel","rule_hash":"hash of cancel"},{"change":"default-1:3","digest":"9aef10ecc1aaed6b1866ad18da13454cb2925369fe00f773a968a81b8f49f98c","id":2,"order_id":"order-2","rule":"cancel","rule_hash":"hash of cancel"},{"change":"default-1:4","digest":"3ebacdfcaa6f7951a864da63a22a1542203d4ca2338cfe8d5c016dae3d19f97b","id":7,"order_id":"order-7","rule":"cancel","rule_hash":"hash of cancel"}],"run":"default-1"}','29eb7ca6fbb50db089202fda6c48ad40dc40fc1b428587285dd2fd883a7ee237','a6652912013180f53a0d9fdef8fb39ed2a5cb2e91acf80f87f2f5a7a2bbb5e81');
INSERT INTO "audit" VALUES('default',6,'2026-03-10T05:00:00.000000+00:00','changes_concluded','{"outcomes":[{"id":2,"order_id":"order-2","rule":"cancel","state":"held"}],"run":"default-1"}','a6652912013180f53a0d9fdef8fb39ed2a5cb2e91acf80f87f2f5a7a2bbb5e81','0fc4687d996e620e5a5861857a0676dc9b3645e7745b6db7b5ca456f356129f8');
INSERT INTO "audit" VALUES('default',7,'2026-03-10T05:00:00.000000+00:00','request_sent','{"body":{"status":"canceled"},"epoch":1,"ids":[0,1],"request":"default-1.1","run":"default-1","withheld":[]}','0fc4687d996e620e5a5861857a0676dc9b3645e7745b6db7b5ca456f356129f8','21e64184d6126c70a0b90330368ec43264a719502ca2890122451179b962d2fc');
INSERT INTO "audit" VALUES('default',8,'2026-03-10T05:00:00.000000+00:00','request_answered','{"how":"answered","outcomes":[{"id":0,"order_id":"order-0","rule":"cancel","state":"confirmed"}],"request":"default-1.1","run":"default-1","status":200}','21e64184d6126c70a0b90330368ec43264a719502ca2890122451179b962d2fc','eb43774732d9836091d618b0cfd9bb3b94882ae62b555767643570b758f4bfd4');
INSERT INTO "audit" VALUES('default',9,'2026-03-10T05:00:00.000000+00:00','request_sent','{"body":{"payment_status":"paid"},"epoch":1,"ids":[7],"request":"default-1.2","run":"default-1","withheld":["payment_account_holder"]}','eb43774732d9836091d618b0cfd9bb3b94882ae62b555767643570b758f4bfd4','e602e0ae0aee19bdfad197feb5a42ea66dd97ae057ea5d0bb7dfef1c4cf1d1ab');
INSERT INTO "audit" VALUES('default',10,'2026-03-10T05:00:00.000000+00:00','request_answered','{"how":"answered","outcomes":[{"id":7,"order_id":"order-7","rule":"cancel","state":"confirmed"}],"request":"default-1.2","run":"default-1","status":200}','e602e0ae0aee19bdfad197feb5a42ea66dd97ae057ea5d0bb7dfef1c4cf1d1ab','899158736acb95d9fc15da5540a4fde070f0fd988616f2850a819fd27d1072a4');
INSERT INTO "audit" VALUES('default',11,'2026-03-10T05:00:00.000000+00:00','run_ended','{"run":"default-1","stopped":false,"totals":{"on_the_wire":0,"reads":2,"rereads":0,"retries":0,"writes":1}}','899158736acb95d9fc15da5540a4fde070f0fd988616f2850a819fd27d1072a4','646e7edbe0c70a99214301986d9c2a70d4e0e91c1eaa667b84da74e91c05de09');
INSERT INTO "audit" VALUES('default',12,'2026-03-10T05:00:00.000000+00:00','slot_closed','{"run":"default-1","slot":"default/cancel/2026-03-10T05:00:00Z","state":"done"}','646e7edbe0c70a99214301986d9c2a70d4e0e91c1eaa667b84da74e91c05de09','340c0f43307cffa23581e56923983ebf2c09c0181c3cd234ca9fe1e7de71808a');
INSERT INTO "audit" VALUES('default',13,'2026-03-10T05:00:00.000000+00:00','order_held','{"ref":"order-9","until":null}','340c0f43307cffa23581e56923983ebf2c09c0181c3cd234ca9fe1e7de71808a','34ff2ead35929d4e7bde8e2af4b0ed83419833c65d6ec149830c82574062f914');
INSERT INTO "audit" VALUES('default',14,'2026-03-10T05:00:00.000000+00:00','order_released','{"ref":"order-0"}','34ff2ead35929d4e7bde8e2af4b0ed83419833c65d6ec149830c82574062f914','213d399e06b9d257575697665786d0f23422df43b8325d08725be51b745458b4');
INSERT INTO "audit" VALUES('default',15,'2026-03-10T05:00:00.000000+00:00','plan_recorded','{"changes":1,"digest":"2dec8875e08389e9bd40b7457c8126bc66bcd6c0c8bed13f7aec280a82de0d91","held":0,"plan":"plan-2"}','213d399e06b9d257575697665786d0f23422df43b8325d08725be51b745458b4','03d31552b69cb29d8a6b1f3026676e8104830a2468979ce48844f37481a2c74a');
INSERT INTO "audit" VALUES('second',1,'2026-03-10T05:00:00.000000+00:00','genesis','{"account":"second","format":1,"key_check":"e4f991032b745332"}','5d6ff9025c0ec2af9a26592b174c582692e97e8fc2a2826abff2f24848586203','1ca3d22d24d7a8df38f2525dbea24d9ba1caa28f6b0414c31b7779dfdfa41d4c');
INSERT INTO "audit" VALUES('second',2,'2026-03-10T05:00:00.000000+00:00','account_halted','{"why":"somebody must look"}','1ca3d22d24d7a8df38f2525dbea24d9ba1caa28f6b0414c31b7779dfdfa41d4c','262faf95cee146ba4cf383130489369a5c50ebe43fe4f12ddd2cd8fc5ec7e9f3');
CREATE TABLE changes (
	id TEXT NOT NULL, 
	run TEXT NOT NULL, 
	"plan" TEXT, 
	account TEXT NOT NULL, 
	epoch INTEGER NOT NULL, 
	number INTEGER NOT NULL, 
	order_key TEXT NOT NULL, 
	id_kind TEXT NOT NULL, 
	order_id TEXT NOT NULL, 
	rule TEXT NOT NULL, 
	rule_hash TEXT, 
	store TEXT, 
	"before" TEXT NOT NULL, 
	found TEXT, 
	"set" TEXT NOT NULL, 
	readable TEXT NOT NULL, 
	value TEXT, 
	reversible BOOLEAN NOT NULL, 
	trace TEXT, 
	state TEXT NOT NULL, 
	why TEXT NOT NULL, 
	refused BOOLEAN NOT NULL, 
	request TEXT, 
	read_at TEXT, 
	updated_at TEXT, 
	planned_at TEXT NOT NULL, 
	sent_at TEXT, 
	due_at TEXT, 
	settled_at TEXT, 
	PRIMARY KEY (id), 
	FOREIGN KEY(account) REFERENCES accounts (account), 
	FOREIGN KEY("plan") REFERENCES plans (id), 
	FOREIGN KEY(request) REFERENCES requests (id), 
	FOREIGN KEY(run) REFERENCES runs (id), 
	CONSTRAINT changes_once_a_run UNIQUE (run, order_key, rule)
);
INSERT INTO "changes" VALUES('default-1:1','default-1','plan-1','default',1,1,'0','integer','order-0','cancel','hash of cancel',NULL,'{"status":"pending","payment_status":"unpaid"}','{"status":"pending","payment_status":"unpaid"}','{"status":"canceled","by":"tertib/cancel"}','{"status":"canceled"}','168724.00',0,'[{"condition":"pending_time: {older_than: 3d}","saw":"5d","result":"true"}]','confirmed','because',0,'default-1.1','2026-03-10T05:00:00.000000+00:00','','2026-03-10T05:00:00.000000+00:00','2026-03-10T05:00:00.000000+00:00','2026-03-10T05:15:00.000000+00:00','2026-03-10T05:00:00.000000+00:00');
INSERT INTO "changes" VALUES('default-1:2','default-1','plan-1','default',1,2,'1','integer','order-1','cancel','hash of cancel',NULL,'{"status":"pending","payment_status":"unpaid"}','{"status":"pending","payment_status":"unpaid"}','{"status":"canceled","by":"tertib/cancel"}','{"status":"canceled"}','168724.00',0,'[{"condition":"pending_time: {older_than: 3d}","saw":"5d","result":"true"}]','sent','',0,'default-1.1','2026-03-10T05:00:00.000000+00:00','','2026-03-10T05:00:00.000000+00:00','2026-03-10T05:00:00.000000+00:00','2026-03-10T05:15:00.000000+00:00',NULL);
INSERT INTO "changes" VALUES('default-1:3','default-1','plan-1','default',1,3,'2','integer','order-2','cancel','hash of cancel',NULL,'{"status":"pending","payment_status":"unpaid"}',NULL,'{"status":"canceled","by":"tertib/cancel"}','{"status":"canceled"}','168724.00',0,'[{"condition":"pending_time: {older_than: 3d}","saw":"5d","result":"true"}]','held','because',0,NULL,'2026-03-10T05:00:00.000000+00:00','','2026-03-10T05:00:00.000000+00:00',NULL,NULL,'2026-03-10T05:00:00.000000+00:00');
INSERT INTO "changes" VALUES('default-1:4','default-1','plan-1','default',1,4,'7','integer','order-7','cancel','hash of cancel',NULL,'{"status":"pending","payment_status":"unpaid"}','{"status":"pending","payment_status":"unpaid"}','{"payment_status":"paid","payment_account_holder":{"fingerprint":"2c45d5555fe0"},"payment_account_number":{"fingerprint":"f06b90e26bd2"}}','{"payment_status":"paid","payment_account_holder":{"fingerprint":"2c45d5555fe0"},"payment_account_number":{"fingerprint":"f06b90e26bd2"}}','168724.00',0,'[{"condition":"pending_time: {older_than: 3d}","saw":"5d","result":"true"}]','confirmed','because',0,'default-1.2','2026-03-10T05:00:00.000000+00:00','','2026-03-10T05:00:00.000000+00:00','2026-03-10T05:00:00.000000+00:00','2026-03-10T05:15:00.000000+00:00','2026-03-10T05:00:00.000000+00:00');
CREATE TABLE holds (
	id INTEGER NOT NULL, 
	account TEXT NOT NULL, 
	ref TEXT NOT NULL, 
	why TEXT NOT NULL, 
	since TEXT NOT NULL, 
	until TEXT, 
	released_at TEXT, 
	PRIMARY KEY (id), 
	FOREIGN KEY(account) REFERENCES accounts (account)
);
INSERT INTO "holds" VALUES(1,'default','order-9','call 6281234567889 first','2026-03-10T05:00:00.000000+00:00',NULL,NULL);
CREATE TABLE plans (
	id TEXT NOT NULL, 
	account TEXT NOT NULL, 
	created_at TEXT NOT NULL, 
	recorded_at TEXT NOT NULL, 
	document TEXT NOT NULL, 
	digest TEXT NOT NULL, 
	rules TEXT NOT NULL, 
	applied_by TEXT, 
	applied_at TEXT, 
	PRIMARY KEY (id), 
	FOREIGN KEY(account) REFERENCES accounts (account)
);
INSERT INTO "plans" VALUES('plan-1','default','2026-03-10T05:00:00.000000+00:00','2026-03-10T05:00:00.000000+00:00','{"plan_id":"plan-1","changes":[{"id":0,"order_id":"order-0","rule":"cancel","before":{"status":"pending","payment_status":"unpaid"},"set":{"status":"canceled","by":"tertib/cancel"},"value":"168724.00","reversible":false,"reasons":[{"condition":"pending_time: {older_than: 3d}","saw":"5d","result":"true"}]},{"id":1,"order_id":"order-1","rule":"cancel","before":{"status":"pending","payment_status":"unpaid"},"set":{"status":"canceled","by":"tertib/cancel"},"value":"168724.00","reversible":false,"reasons":[{"condition":"pending_time: {older_than: 3d}","saw":"5d","result":"true"}]},{"id":2,"order_id":"order-2","rule":"cancel","before":{"status":"pending","payment_status":"unpaid"},"set":{"status":"canceled","by":"tertib/cancel"},"value":"168724.00","reversible":false,"reasons":[{"condition":"pending_time: {older_than: 3d}","saw":"5d","result":"true"}]},{"id":7,"order_id":"order-7","rule":"cancel","before":{"status":"pending","payment_status":"unpaid"},"set":{"payment_status":"paid","payment_account_holder":"Budi Santoso","payment_account_number":"1234567890"},"value":"168724.00","reversible":false,"reasons":[{"condition":"pending_time: {older_than: 3d}","saw":"5d","result":"true"}]}]}','9cc710b821e65b31d3346a2d7065e0cb7d3ebfa5797089058c8192c7059d455a','{"cancel":{"hash":"hash of cancel","store":null}}','default-1','2026-03-10T05:00:00.000000+00:00');
INSERT INTO "plans" VALUES('plan-2','default','2026-03-10T05:00:00.000000+00:00','2026-03-10T05:00:00.000000+00:00','{"plan_id":"plan-2","changes":[{"id":3,"order_id":"order-3","rule":"cancel","before":{"status":"pending","payment_status":"unpaid"},"set":{"status":"canceled","by":"tertib/cancel"},"value":"168724.00","reversible":false,"reasons":[{"condition":"pending_time: {older_than: 3d}","saw":"5d","result":"true"}]}]}','2dec8875e08389e9bd40b7457c8126bc66bcd6c0c8bed13f7aec280a82de0d91','{"cancel":{"hash":"hash of cancel","store":null}}',NULL,NULL);
CREATE TABLE releases (
	id INTEGER NOT NULL, 
	account TEXT NOT NULL, 
	order_key TEXT NOT NULL, 
	at TEXT NOT NULL, 
	PRIMARY KEY (id), 
	FOREIGN KEY(account) REFERENCES accounts (account)
);
INSERT INTO "releases" VALUES(1,'default','0','2026-03-10T05:00:00.000000+00:00');
CREATE TABLE requests (
	id TEXT NOT NULL, 
	run TEXT NOT NULL, 
	account TEXT NOT NULL, 
	epoch INTEGER NOT NULL, 
	number INTEGER NOT NULL, 
	body TEXT NOT NULL, 
	ids TEXT NOT NULL, 
	claimed_at TEXT NOT NULL, 
	answered_at TEXT, 
	status INTEGER, 
	how TEXT, 
	message TEXT, 
	PRIMARY KEY (id), 
	FOREIGN KEY(account) REFERENCES accounts (account), 
	FOREIGN KEY(run) REFERENCES runs (id), 
	CONSTRAINT requests_numbered UNIQUE (run, number)
);
INSERT INTO "requests" VALUES('default-1.1','default-1','default',1,1,'{"status":"canceled"}','[0,1]','2026-03-10T05:00:00.000000+00:00','2026-03-10T05:00:00.000000+00:00',200,'answered','');
INSERT INTO "requests" VALUES('default-1.2','default-1','default',1,2,'{"payment_account_holder":{"fingerprint":"2c45d5555fe0"},"payment_status":"paid"}','[7]','2026-03-10T05:00:00.000000+00:00','2026-03-10T05:00:00.000000+00:00',200,'answered','');
CREATE TABLE runs (
	id TEXT NOT NULL, 
	account TEXT NOT NULL, 
	kind TEXT NOT NULL, 
	slot TEXT, 
	"plan" TEXT, 
	epoch INTEGER NOT NULL, 
	state TEXT NOT NULL, 
	started_at TEXT NOT NULL, 
	ended_at TEXT, 
	stopped TEXT, 
	totals TEXT, 
	PRIMARY KEY (id), 
	FOREIGN KEY(account) REFERENCES accounts (account), 
	FOREIGN KEY("plan") REFERENCES plans (id), 
	CONSTRAINT runs_one_an_epoch UNIQUE (account, epoch), 
	CONSTRAINT runs_one_a_slot UNIQUE (account, slot)
);
INSERT INTO "runs" VALUES('default-1','default','apply',NULL,'plan-1',1,'ended','2026-03-10T05:00:00.000000+00:00','2026-03-10T05:00:00.000000+00:00',NULL,'{"on_the_wire":0,"reads":2,"retries":0,"rereads":0,"writes":1}');
CREATE TABLE scan_sizes (
	account TEXT NOT NULL, 
	scan TEXT NOT NULL, 
	at TEXT NOT NULL, 
	orders INTEGER NOT NULL, 
	pages INTEGER NOT NULL, 
	PRIMARY KEY (account, scan, at), 
	FOREIGN KEY(account) REFERENCES accounts (account)
);
INSERT INTO "scan_sizes" VALUES('default','scan','2026-03-10T05:00:00.000000+00:00',25,1);
CREATE TABLE slots (
	"key" TEXT NOT NULL, 
	account TEXT NOT NULL, 
	rule TEXT NOT NULL, 
	slot_at TEXT NOT NULL, 
	state TEXT NOT NULL, 
	run TEXT, 
	note TEXT NOT NULL, 
	owner TEXT, 
	opened_at TEXT NOT NULL, 
	closed_at TEXT, 
	PRIMARY KEY ("key"), 
	FOREIGN KEY(account) REFERENCES accounts (account), 
	FOREIGN KEY(run) REFERENCES runs (id), 
	CONSTRAINT slots_once UNIQUE (account, rule, slot_at)
);
INSERT INTO "slots" VALUES('default/cancel/2026-03-10T05:00:00Z','default','cancel','2026-03-10T05:00:00.000000+00:00','done','default-1','','{"host":"elsewhere","pid":1,"started":"then","instance":0}','2026-03-10T05:00:00.000000+00:00','2026-03-10T05:00:00.000000+00:00');
CREATE TABLE tertib_schema (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT tertib_schema_pkc PRIMARY KEY (version_num)
);
INSERT INTO "tertib_schema" VALUES('0001');
CREATE INDEX holds_by_account ON holds (account, ref);
CREATE INDEX plans_by_account ON plans (account, created_at);
CREATE INDEX releases_by_order ON releases (account, order_key);
CREATE INDEX changes_by_order ON changes (account, order_key);
CREATE INDEX changes_by_reference ON changes (account, order_id);
CREATE INDEX changes_by_request ON changes (request);
CREATE INDEX changes_by_sending ON changes (account, sent_at);
CREATE UNIQUE INDEX changes_one_unsettled ON changes (account, order_key) WHERE state = 'sent';
COMMIT;
