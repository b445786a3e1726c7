# What may be planned: things that cost AI money carry the tags of their owner.
# Written by everyline from its taxonomy. Input: `terraform show -json PLAN`, or a Kubernetes
# object, a list of objects, or a kubectl List. `deny` is what `everyline check` refuses by tags
# alone; `warn` is a spelling that is understood and not the declared one.
package main

import rego.v1

deny contains sprintf("%s: %s", [thing.address, sentence]) if {
	some thing in things
	some ask in asked
	sentence := refused(thing, ask)
}

deny contains sprintf("%s: `%s` is no value of %s%s", [thing.address, v, ask.key, ask.values]) if {
	some thing in things
	some ask in asked
	answer(thing, ask).state == "undeclared"
	some [k, v] in thing.tags
	lower(trim_space(k)) in ask.tags
}

warn contains sprintf("%s: write `%s: %s`, not `%s: %s`", [thing.address, ask.tag, value, k, v]) if {
	some thing in things
	some ask in asked
	value := answer(thing, ask).value
	some [k, v] in thing.tags
	lower(trim_space(k)) in ask.tags
	[k, v] != [ask.tag, value]
}

# Sentences.

refused(thing, ask) := sprintf("%s is missing: add `%s`%s", [ask.key, ask.tag, ask.values]) if {
	answer(thing, ask).state == "missing"
	ask.needed
	not thing.open
	not later(thing, ask)
	not implied(thing, ask)
}

refused(thing, ask) := sprintf("tags contradict each other about %s", [ask.key]) if {
	answer(thing, ask).state == "conflict"
}

# Answers: tags in order; the first that is declared wins, and a contradiction ends the search.

answer(thing, ask) := telling[0] if {
	telling := [state | some state in states(thing, ask); state.state != "undeclared"]
	count(telling) > 0
} else := {"state": "undeclared"} if {
	count(states(thing, ask)) > 0
} else := {"state": "missing"}

states(thing, ask) := [state |
	some entry in ask.tags
	meant := {meaning(ask, v) | some [k, v] in thing.tags; lower(trim_space(k)) == entry}
	count(meant) > 0
	state := state_of(ask, meant)
]

state_of(ask, meant) := {"state": "conflict"} if {
	count(meant) > 1
} else := {"state": "declared", "value": value} if {
	some value in meant
	declared(ask, value)
} else := {"state": "undeclared"}

# What a text means: values are compared without case, and space and `_` are `-`.
meaning(ask, text) := ask.texts[normal(text)] if {
	ask.texts[normal(text)]
} else := trim_space(text)

normal(text) := replace(replace(lower(trim_space(text)), " ", "-"), "_", "-")

declared(ask, _) if not ask.listed

declared(ask, value) if value in ask.known

# A value of another key can fill this one.
implied(thing, ask) if {
	some other in asked
	value := answer(thing, other).value
	ask.key in other.implies[value]
}

later(thing, ask) if {
	some k in thing.later
	lower(trim_space(k)) in ask.tags
}

# Things: resources of a plan that are made or changed, of types that cost AI money.

things contains thing if {
	some change in input.resource_changes
	change.mode == "managed"
	some action in change.change.actions
	action in {"create", "update"}
	rows := [row | some row in types[change.type]; holds(change.change.after, row.when)]
	paths := rows[0].tags
	unknown := [v | some path in paths; some v in found(object.get(change.change, "after_unknown", {}), path)]
	thing := {
		"address": change.address,
		"tags": tags_at(change.change.after, paths),
		"open": true in unknown,
		"later": {k | some v in unknown; is_object(v); v[k] == true},
	}
}

# Things: what makes pods with accelerators or images of AI, and kinds for models alone.

objects contains input if {
	input.kind
	not is_array(object.get(input, "items", null))
}

objects contains item if some item in input.items

objects contains item if {
	is_array(input)
	some item in input
	item.kind
}

things contains thing if {
	some item in objects
	[at, pod] := template(item)
	ours(pod)
	thing := {
		"address": sprintf("%s/%s %s", [item.kind, item.metadata.name, at]),
		"tags": tags_at(pod, [["metadata", "labels"]]),
		"open": false,
		"later": set(),
	}
}

template(item) := ["metadata.labels", item] if item.kind == "Pod"

template(item) := ["spec.template.metadata.labels", item.spec.template] if {
	item.kind in {"DaemonSet", "Deployment", "Job", "ReplicaSet", "ReplicationController", "StatefulSet"}
}

template(item) := ["spec.jobTemplate.spec.template.metadata.labels", item.spec.jobTemplate.spec.template] if {
	item.kind == "CronJob"
}

ours(pod) if {
	some list in ["containers", "initContainers"]
	some container in pod.spec[list]
	some part in ["limits", "requests"]
	amount := container.resources[part][name]
	trim(sprintf("%v", [amount]), "0. ") != ""
	some pattern in accelerators
	regex.match(pattern, lower(name))
}

ours(pod) if {
	some list in ["containers", "initContainers"]
	some container in pod.spec[list]
	some pattern in images
	regex.match(pattern, lower(container.image))
}

things contains thing if {
	some item in objects
	[group, _] := split(item.apiVersion, "/")
	some row in kinds[sprintf("%s.%s", [item.kind, group])]
	some part in found(item, row.at)
	is_object(part)
	own := tags_at(part, [row.labels])
	names := {k | some [k, _] in own}
	thing := {
		"address": sprintf("%s/%s %s", [item.kind, item.metadata.name, concat(".", array.concat(row.at, row.labels))]),
		"tags": own | {[k, v] | some [k, v] in tags_at(item, row.also); not k in names},
		"open": false,
		"later": set(),
	}
}

# Paths: keys on the way to a value; lists on the way are walked through.

found(thing, path) := [v |
	walk(thing, [steps, v])
	[step | some step in steps; is_string(step)] == path
	v != null
]

holds(thing, tests) if {
	every test in tests { meets(values_of(thing, test), test.pattern) }
}

values_of(thing, test) := found(thing, test.path) if test.key == ""

values_of(thing, test) := [v |
	some inner in found(thing, test.path)
	is_object(inner)
	v := inner[key]
	regex.match(test.key, lower(key))
] if test.key != ""

meets(values, pattern) if {
	pattern == ""
	some v in values
	not v in ["", "0", "false", 0, false, [], {}]
}

meets(values, pattern) if {
	pattern != ""
	some v in values
	not is_object(v)
	not is_array(v)
	regex.match(pattern, lower(sprintf("%v", [v])))
}

# Tags with a text, as pairs; of equal keys the one at the earlier path stands.
tags_at(thing, paths) := {[k, v] |
	path := paths[i]
	some [k, v] in pairs(thing, path)
	not stands_before(thing, paths, i, k)
}

stands_before(thing, paths, i, key) if {
	path := paths[j]
	j < i
	some pair in pairs(thing, path)
	pair[0] == key
}

pairs(thing, path) := in_maps(thing, path) | in_lists(thing, path)

in_maps(thing, path) := {[k, v] |
	some tags in found(thing, path)
	is_object(tags)
	not is_string(object.get(tags, "key", null))
	v := tags[k]
	has_text(v)
}

in_lists(thing, path) := {[tags.key, tags.value] |
	some tags in found(thing, path)
	is_object(tags)
	is_string(tags.key)
	has_text(tags.value)
}

has_text(value) if {
	is_string(value)
	trim_space(value) != ""
}
