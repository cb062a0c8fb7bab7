// A program for a collector: JSON that is parsed, changed and printed, paths in a graph, text that is
// counted by regular expressions, and exceptions, with what it computes printed.

sealed class Json {
    data object Null : Json()
    data class Number(val value: Double) : Json()
    data class Text(val value: String) : Json()
    data class Items(val items: List<Json>) : Json()
    data class Members(val members: Map<String, Json>) : Json()

    fun show(): String = when (this) {
        is Null -> "null"
        is Number -> if (value == value.toLong().toDouble()) "${value.toLong()}" else "$value"
        is Text -> "\"$value\""
        is Items -> items.joinToString(",", "[", "]") { it.show() }
        is Members -> members.entries.joinToString(",", "{", "}") { (k, v) -> "\"$k\":${v.show()}" }
    }

    fun map(change: (Double) -> Double): Json = when (this) {
        is Number -> Number(change(value))
        is Items -> Items(items.map { it.map(change) })
        is Members -> Members(members.mapValues { it.value.map(change) })
        is Null, is Text -> this
    }
}

class Unexpected(val at: Int, message: String) : Exception(message)

class Parser(private val text: String) {
    private var at = 0

    fun whole(): Json {
        val value = value()
        if (at < text.length) throw Unexpected(at, "more text")
        return value
    }

    private fun take(c: Char): Boolean = (at < text.length && text[at] == c).also { if (it) at++ }

    private fun need(c: Char) {
        if (!take(c)) throw Unexpected(at, "no '$c'")
    }

    private fun string(): String {
        need('"')
        val from = at
        while (at < text.length && text[at] != '"') at++
        return text.substring(from, at).also { need('"') }
    }

    private fun value(): Json = when {
        take('[') -> Json.Items(list(']') { value() })
        take('{') -> Json.Members(list('}') { string().also { need(':') } to value() }.toMap())
        at < text.length && text[at] == '"' -> Json.Text(string())
        text.startsWith("null", at) -> Json.Null.also { at += 4 }
        else -> {
            val from = at
            while (at < text.length && text[at] in "-+.e0123456789") at++
            Json.Number(text.substring(from, at).toDoubleOrNull() ?: throw Unexpected(from, "no value"))
        }
    }

    private fun <T> list(end: Char, item: () -> T): List<T> {
        val items = mutableListOf<T>()
        if (take(end)) return items
        do items += item() while (take(','))
        need(end)
        return items
    }
}

class Random(private var state: ULong) {
    fun next(below: Int): Int {
        state = state * 6364136223846793005uL + 1442695040888963407uL
        return ((state shr 33) % below.toULong()).toInt()
    }
}

data class Edge(val to: Int, val length: Int)

class Heap<T>(private val order: Comparator<T>) {
    private val items = ArrayList<T>()

    fun push(item: T) {
        items += item
        var at = items.size - 1
        while (at > 0 && order.compare(items[at], items[(at - 1) / 2]) < 0) {
            swap(at, (at - 1) / 2)
            at = (at - 1) / 2
        }
    }

    fun pop(): T? {
        if (items.isEmpty()) return null
        swap(0, items.size - 1)
        val first = items.removeAt(items.size - 1)
        var at = 0
        while (true) {
            val least = listOf(2 * at + 1, 2 * at + 2).filter { it < items.size }
                .minWithOrNull { a, b -> order.compare(items[a], items[b]) }
            if (least == null || order.compare(items[at], items[least]) <= 0) return first
            swap(at, least)
            at = least
        }
    }

    private fun swap(a: Int, b: Int) {
        val item = items[a]
        items[a] = items[b]
        items[b] = item
    }
}

fun distances(graph: List<List<Edge>>, from: Int): Map<Int, Int> {
    val found = HashMap<Int, Int>()
    val open = Heap<Pair<Int, Int>>(compareBy({ it.second }, { it.first }))
    open.push(from to 0)
    while (true) {
        val (at, length) = open.pop() ?: return found
        if (at in found) continue
        found[at] = length
        graph[at].filter { it.to !in found }.forEach { open.push(it.to to length + it.length) }
    }
}

fun json() {
    val texts = listOf("""{"a":[1,2.5,{"b":null}],"c":"d","e":[]}""", "[1,", """{"a" 1}""", "[1]x", "[1,nul]")
    for (text in texts) {
        val shown = try {
            Parser(text).whole().map { it * 3 }.show()
        } catch (error: Unexpected) {
            "at ${error.at}: ${error.message}"
        }
        println("json: $shown")
    }
    var whole: Json = Json.Items(List(40) { Json.Number(it.toDouble()) })
    repeat(100) { round ->
        whole = Parser(Json.Members(mapOf("k$round" to whole.map { it + 1 })).show()).whole()
        if (round % 20 == 19) whole = (whole as Json.Members).members.values.first()
    }
    println("json: ${whole.show().length} ${whole.show().hashCode()}")
}

fun routes() {
    val random = Random(7uL)
    val graph = List(800) { List(4) { Edge(random.next(800), 1 + random.next(100)) } }
    val lengths = (0 until 5).map { distances(graph, it * 17) }
    println("routes: ${lengths.map { it.size }} ${lengths.map { it.values.max() }}")
    println("routes: ${lengths.sumOf { it.entries.sumOf { (to, length) -> to.toLong() * length } }}")
}

fun words() {
    val random = Random(11uL)
    val syllables = listOf("ka", "to", "né", "ß", "ли", "mu")
    val text = (0 until 1000).joinToString(" ") {
        (0..random.next(3)).joinToString("") { syllables[random.next(syllables.size)] }
    }
    val counts = Regex("[a-zé]+").findAll(text).groupingBy { it.value }.eachCount()
    val most = counts.entries.sortedWith(compareBy({ -it.value }, { it.key })).take(4)
    println("words: ${counts.size} ${most.joinToString { "${it.key} ${it.value}" }}")
    println("words: ${text.replace(Regex("(ka|to)+"), "<$1>").length} ${text.uppercase().hashCode()}")
}

fun failures() {
    var caught = 0
    for (round in 0 until 900) {
        try {
            when (round % 3) {
                0 -> listOf<Int>()[round]
                1 -> (Json.Text("a") as Json).let { it as Json.Number }.value
                else -> throw IllegalStateException("$round")
            }
        } catch (error: IndexOutOfBoundsException) {
            caught += 1
        } catch (error: ClassCastException) {
            caught += 10
        } catch (error: IllegalStateException) {
            caught += error.message!!.length
        } finally {
            caught += 1
        }
    }
    val sequence = sequence { var n = 1L; while (true) { yield(n); n = n * 3 % 1000003 } }
    println("failures: $caught, sequence ${sequence.drop(1000).take(5).toList()}")
}

fun main() {
    json()
    routes()
    words()
    failures()
}
